import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileProblems } from '../../plugin/file-problems.js'
import { findFiles } from '../../plugin/find-files.js'
import { packageFiles } from '../../plugin/package.js'
import { fileFacts } from '../../runtime/contract/file-facts.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

describe('the files of a function', () => {
  const directory = temporaryDirectory()

  beforeEach(() => {
    for (const folder of ['model/deep', 'node_modules/x', '.git', '.spillway'])
      mkdirSync(join(directory(), folder), { recursive: true })
    for (const file of [
      'run.sh',
      'model/a.bin',
      'model/deep/b.bin',
      'model/.hidden',
      'node_modules/x/c.bin',
      '.git/d.bin',
      '.spillway/e.bin',
    ])
      writeFileSync(join(directory(), file), file)
  })

  it('are found by path, folder and glob, each list sorted', () => {
    assert.deepEqual(findFiles(directory(), './run.sh'), ['run.sh'])
    assert.deepEqual(findFiles(directory(), 'model/'), ['model/.hidden', 'model/a.bin', 'model/deep/b.bin'])
    assert.deepEqual(findFiles(directory(), 'model/*.bin'), ['model/a.bin'])
    assert.deepEqual(findFiles(directory(), '**/*.bin'), ['model/a.bin', 'model/deep/b.bin'])
    assert.deepEqual(findFiles(directory(), 'node_modules/x/*'), ['node_modules/x/c.bin'], 'when it is named')
    assert.deepEqual(findFiles(directory(), 'nothing/**'), [])
  })

  it('are packaged the same whatever the umask, each once', () => {
    chmodSync(join(directory(), 'run.sh'), 0o700)
    chmodSync(join(directory(), 'model/a.bin'), 0o666)
    const files = packageFiles(directory(), { script: './run.sh', files: ['model/a.bin', 'model/*.bin'] })
    assert.deepEqual(
      files.map(({ path, mode, data }) => [path, mode, Buffer.from(data, 'base64').toString()]),
      [
        ['model/a.bin', 0o644, 'model/a.bin'],
        ['run.sh', 0o755, 'run.sh'],
      ],
    )
    assert.deepEqual(fileFacts({ path: 'f', mode: 0o644, data: '' }), {
      path: 'f',
      mode: 0o644,
      bytes: 0,
      sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    })
  })

  it('may be links inside the service, and no others', () => {
    symlinkSync('run.sh', join(directory(), 'inside.sh'))
    symlinkSync(tmpdir(), join(directory(), 'outside'))
    symlinkSync('/etc/hostname', join(directory(), 'outside.txt'))
    symlinkSync('gone', join(directory(), 'broken'))
    const problems = (script: string, ...files: string[]) =>
      fileProblems(directory(), { script, files }, 'functions.f').map(({ path, expected, value }) => [
        path,
        expected,
        value,
      ])
    assert.deepEqual(problems('inside.sh'), [])
    assert.deepEqual(problems('outside.txt', 'broken', '*.txt'), [
      ['functions.f.script', 'is a link that leads out of the service directory', 'outside.txt'],
      ['functions.f.files[0]', 'is a link to nothing', 'broken'],
      ['functions.f.files[1]', 'is a link that leads out of the service directory', 'outside.txt'],
    ])
    assert.deepEqual(problems('outside'), [
      ['functions.f.script', 'is a link that leads out of the service directory', 'outside'],
    ])
    assert.deepEqual(problems('model'), [['functions.f.script', 'must be a file', 'model']])
    assert.deepEqual(problems('gone.sh'), [['functions.f.script', 'does not exist', 'gone.sh']])
    assert.deepEqual(problems('../run.sh', '/etc/hostname'), [], 'the spec itself refuses these')
  })

  it('are refused when they are too large together', () => {
    writeFileSync(join(directory(), 'large'), Buffer.alloc(49 * 1024 ** 2))
    const [problem] = fileProblems(directory(), { script: 'run.sh', files: ['large'] }, 'functions.f')
    assert.match(problem?.expected ?? '', /must be at most 50\.3 MB together with the script, not 51\.4 MB/)
  })
})
