/** The SQLite driver keeps what every driver keeps. */
import { join } from 'node:path'
import { openDatabase } from '../../../dispatcher/database/open.js'
import { databaseModelSuite } from '../../suites/database-model.suite.js'
import { databaseSuite } from '../../suites/database.suite.js'

const sqlite = { name: 'sqlite', open: (directory: string) => openDatabase(`sqlite:${join(directory, 'spillway.db')}`) }

databaseSuite(sqlite)
databaseModelSuite(sqlite)
