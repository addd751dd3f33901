// The one PostgreSQL backend, in a thread of its own: while a statement runs, the
// main thread still accepts, authenticates and hears of clients that went away.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { copyFail, message } from './protocol.mjs'

const PIECE = 1024 * 1024 // an answer leaves in pieces of about this size while it is being made

const dist = join(workerData.runtime, 'node_modules', '@unni-craftsman', 'pglite', 'dist')
const load = (file) => import(pathToFileURL(join(dist, file)).href)
const { PGlite } = await load('index.js')
const { timescaledb } = await load('timescaledb/index.js')

const database = await PGlite.create({ dataDir: workerData.dataDirectory, extensions: { timescaledb } })
// Before any other statement: without the library loaded, a reopened database answers
// from the parent tables alone, with rows missing and no error.
await database.exec("LOAD 'timescaledb'")
await database.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
for (const setting of workerData.settings) await database.exec(setting)

const postgres = database.Module
const wakeUp = new Int32Array(workerData.wakeUp)
let input = new Uint8Array(0)
let taken = 0
let output = []
let outputSize = 0
let stopping = false

// PGlite's own callbacks parse every row and keep it for ever; these only pass bytes on.
postgres._set_read_write_cbs(postgres.addFunction(read, 'iii'), postgres.addFunction(write, 'iii'))

function write(address, size) {
  output.push(postgres.HEAPU8.slice(address, address + size))
  outputSize += size
  if (outputSize >= PIECE) send('running')
  return size
}

/** The backend reads past its input in one case only: a COPY … FROM STDIN wants data. */
function read(address, room) {
  if (taken === input.length) waitForMore()
  const size = Math.min(room, input.length - taken)
  postgres.HEAPU8.set(input.subarray(taken, taken + size), address)
  taken += size
  return size
}

function waitForMore() {
  if (stopping) return take({ stop: true })
  send('hungry')
  for (let received; ; Atomics.wait(wakeUp, 0, 0)) {
    Atomics.store(wakeUp, 0, 0)
    if ((received = receiveMessageOnPort(parentPort))) return take(received.message)
  }
}

function take({ bytes, stop }) {
  stopping ||= Boolean(stop)
  input = bytes ?? copyFail('the database is stopping')
  taken = 0
}

function send(state, reason) {
  const answer = new Uint8Array(outputSize)
  let at = 0
  for (const piece of output) {
    answer.set(piece, at)
    at += piece.length
  }
  output = []
  outputSize = 0
  parentPort.postMessage({ answer, state, reason }, [answer.buffer])
}

function run() {
  // The backend returns early when a message ends exactly where its receive buffer does.
  while (taken < input.length) {
    const before = taken
    postgres._interactive_one(input.length - taken, input[taken])
    if (taken === before) throw new Error('the backend no longer reads its input')
  }
}

function shutDown() {
  try {
    take({ bytes: message('X') })
    run()
    postgres._pgl_shutdown()
  } catch (error) {
    if (error.name !== 'ExitStatus') console.error(error)
  }
  process.exit(0)
}

parentPort.on('message', (request) => {
  if (request.stop) return shutDown()
  try {
    take(request)
    run()
    send('done')
  } catch (error) {
    send('dead', error.message)
  }
  if (stopping) shutDown()
})
parentPort.postMessage({ state: 'ready' })
