/** The command line of `spillway`: what is understood, and what is said about the rest. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Command } from '../../../dispatcher/commands/command.js'
import { COMMANDS } from '../../../dispatcher/commands/commands.js'
import { generalHelp, helpOf, usageOf } from '../../../dispatcher/commands/help.js'
import { readCommand, type Reading } from '../../../dispatcher/commands/read-command.js'

const run = () => Promise.resolve()
const water: Command = {
  name: 'water',
  about: 'Water all.',
  options: { litres: { value: 'N', about: 'how much. Default: 1' }, gently: { about: 'no jet' } },
  run,
}
const waterPot: Command = {
  name: 'water pot',
  about: 'Water one.',
  words: ['POT'],
  options: { leaf: { value: 'NAME', several: true, about: 'only that' } },
  notes: 'Not at noon.',
  run,
}
const read = (...words: string[]) => readCommand([water, waterPot], words)
const commandOf = (reading: Reading) => ('command' in reading ? reading.command.name : undefined)
const problemOf = (reading: Reading) => ('problem' in reading ? reading.problem : undefined)

describe('the command line of spillway', () => {
  it('names a command, its words and its options, in whatever order', () => {
    const plain = read('water', '--gently', '--litres', '2')
    assert.deepEqual({ ...('values' in plain ? plain.values : {}) }, { gently: true, litres: '2' })
    const pot = read('water', 'pot', '--leaf', 'a', 'rose', '--leaf=b')
    assert.equal(commandOf(pot), 'water pot')
    assert.deepEqual('values' in pot && [pot.words, pot.values.leaf], [['rose'], ['a', 'b']])
  })

  it('is answered with what is wrong, and what would be right', () => {
    const usage = 'Usage: spillway water pot POT [--leaf NAME]\n`spillway water pot --help` says more.'
    assert.equal(problemOf(read('water', 'pot')), `POT is missing.\n${usage}`)
    assert.equal(problemOf(read('water', 'pot', 'a', 'b')), `b is one word too many.\n${usage}`)
    assert.equal(problemOf(read('water', 'pot', 'a', '--jet')), `Unknown option '--jet'.\n${usage}`)
    assert.match(problemOf(read('water', '--litres')) ?? '', /^Option '--litres <value>' argument missing\.\nUsage/)
    assert.match(problemOf(read('water', '--gently=no')) ?? '', /^Option '--gently' does not take an argument\./)
    assert.match(
      problemOf(read('dig', 'here')) ?? '',
      /^There is no command `spillway dig here`\.\n\n(.|\n)*spillway water/,
    )
    assert.match(problemOf(read()) ?? '', /^Which command\?/)
  })

  it('is answered with help where that is asked for', () => {
    assert.deepEqual(read('--help'), { help: generalHelp([water, waterPot]) })
    assert.deepEqual(read('-h'), read('dig', '--help'))
    assert.deepEqual(read('water', 'pot', '--help'), { help: helpOf(waterPot) })
    assert.equal(
      helpOf(waterPot),
      `Water one.

Usage
  spillway water pot POT [--leaf NAME]

Options
  --leaf NAME  only that
  --help       this text

Not at noon.
`,
    )
  })

  it('is read or answered, whatever stands in it', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('water', 'pot', '--leaf', '--litres', '-h', '--', '--gently'))
    fc.assert(fc.property(fc.array(word), (words) => void read(...words)))
  })
})

describe('the commands of spillway', () => {
  it('have names of their own, sentences, and help of lines that fit', () => {
    assert.equal(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length)
    for (const command of COMMANDS) {
      assert.match(command.about, /^[A-Z].*\.$/, command.name)
      const long = helpOf(command)
        .split('\n')
        .filter((line) => line.length > 160)
      assert.deepEqual(long, [], usageOf(command))
    }
  })
})
