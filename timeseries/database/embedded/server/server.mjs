// The embedded TimescaleDB: one WebAssembly PostgreSQL behind an ordinary PostgreSQL socket.
// usage: node server.mjs '{"runtime": …, "dataDirectory": …, "stateFile": …, "passwordFile": …, "port": 0}'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { Client } from './client.mjs'
import { errorResponse, textAt } from './protocol.mjs'
import { Turns } from './turns.mjs'

const DYING_MILLISECONDS = 500

const options = JSON.parse(process.argv[2])
// One session serves everybody, so these stand where a server has its configuration file.
const settings = [
  "SET TIME ZONE 'UTC'",
  'SET search_path = public', // the others differ from what PGlite starts the backend with
  'SET enable_seqscan = on',
  'SET log_min_messages = fatal',
  "SET work_mem = '64MB'",
  "SET maintenance_work_mem = '256MB'",
]

const wakeUp = new SharedArrayBuffer(4)
const worker = new Worker(new URL('./backend.mjs', import.meta.url), {
  workerData: { ...options, settings, wakeUp },
})
worker.on('error', (error) => stopWith(1, error))
worker.on('exit', (code) => stopWith(code, code ? `the database engine ended with code ${code}` : null))

await new Promise((resolve) => worker.once('message', resolve))

const server = {
  password: readFileSync(options.passwordFile, 'utf8').trim(),
  version: '17.5',
  resetSettings: ['SET SESSION AUTHORIZATION DEFAULT', 'RESET ALL', ...settings].join('; '),
  turns: new Turns(worker, wakeUp, die),
  clients: new Set(),
  cancel(number, secret) {
    for (const client of this.clients) if (client.number === number && client.secret === secret) this.turns.cancel(client)
  },
  notify(message) {
    const channel = textAt(message, 9)
    for (const client of this.clients) if (client.channels.has(channel)) client.socket.write(message)
  },
}

const listener = createServer((socket) => server.clients.add(new Client(socket, server)))
listener.on('error', (error) => {
  if (error.code !== 'EADDRINUSE' || !options.port) return stopWith(1, error)
  options.port = 0 // another program took the port of last time
  listener.listen(0, '127.0.0.1')
})
listener.listen(options.port, '127.0.0.1')
listener.on('listening', () => {
  const state = { pid: process.pid, port: listener.address().port, started: new Date().toISOString() }
  writeFileSync(`${options.stateFile}.new`, JSON.stringify(state))
  renameSync(`${options.stateFile}.new`, options.stateFile)
})

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop)

function stop() {
  if (stopping) return
  stopping = true
  listener.close()
  for (const client of server.clients) client.socket.destroy()
  server.turns.stop()
}

// The next command starts a new server, which recovers as PostgreSQL does after a crash.
function die(reason) {
  if (stopping) return
  stopping = true
  console.error(`the database engine crashed: ${reason}`)
  listener.close()
  const farewell = errorResponse('57P02', 'the embedded database crashed; the next command restarts it', 'FATAL')
  for (const client of server.clients) client.dismiss(farewell)
  setTimeout(() => stopWith(1, null), DYING_MILLISECONDS)
}

function stopWith(code, error) {
  if (error) console.error(error)
  process.exit(code)
}
