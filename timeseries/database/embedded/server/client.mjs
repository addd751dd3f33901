// One connected client: start-up, authentication, then its messages in order.
import { randomInt } from 'node:crypto'
import { Notifications } from './notifications.mjs'
import * as wire from './protocol.mjs'
import { Scram } from './scram.mjs'
import { Statements } from './statements.mjs'

const GROUP_BYTES = 1024 * 1024 // what a client sends goes to the backend in groups of about this size
const MOST_UNREAD = 16 * 1024 * 1024 // beyond it, a client's messages wait in its socket
const PARAMETERS = {
  server_encoding: 'UTF8',
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  TimeZone: 'UTC',
  integer_datetimes: 'on',
  standard_conforming_strings: 'on',
}
// The settings a client has changed, as the query that sets them again; the role, which may set less than others, last.
const SETTINGS_OF_SESSION = `SELECT nullif(concat_ws('; ',
    string_agg(format('SELECT set_config(%L, %L, false)', name, setting), '; '),
    'SET ROLE ' || quote_ident(nullif(current_setting('role'), 'none'))), '')
  FROM pg_settings WHERE source = 'session'`
// A function that changes settings shows in no command tag. What ends with its transaction is harmless; what is not
// plainly such a call, with texts in single quotes and numbered parameters alone, counts as one that lasts.
const SET_CONFIG = /\bset_config\b/i
const TEXT = "'(?:[^']|'')*'"
const PLAIN = `[^()'$]|\\$\\d+|${TEXT}`
const SET_LOCALLY = new RegExp(
  `\\bset_config\\s*\\((?:${PLAIN}|\\((?:${PLAIN}|\\((?:${PLAIN})*\\))*\\))*,\\s*true\\s*\\)`, 'gi')
const TRACE = '\0M# 1743: aborting transaction' // PGlite's own, sent as a warning to the client
const ROLLBACK = wire.message('Q', 'ROLLBACK')
// A Sync would commit an unfinished group; after an error, all is ignored until there is one.
const LEAVE_TRANSACTION = Buffer.concat([ROLLBACK, wire.SYNC, ROLLBACK])

export class Client {
  static #count = 0
  #framer = new wire.Framer()
  #walker = new wire.AnswerWalker()
  #queue = Promise.resolve()
  #unread = 0
  #scram = null
  #authenticated = false
  #group = []
  #groupBytes = 0
  #statements
  #notifications
  #copying = false // the backend waits for this client's COPY data
  #skipToSync = false
  #status = null // what the backend's newest ReadyForQuery said; null while it said none
  #extraParses = 0 // ParseCompletes that are not for the client
  #settings = null
  #changedSettings = false
  #setsByFunction = false // for good: what is prepared now may run later
  #toldFatal = false
  gone = false

  constructor(socket, server) {
    this.socket = socket
    this.server = server
    this.number = ++Client.#count
    this.secret = randomInt(1, 2 ** 31 - 1)
    this.#statements = new Statements(this.number)
    this.#notifications = new Notifications(server.clients)
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#leave())
  }

  /** Ends the connection with an error, unless the backend has sent its own last one. */
  dismiss(farewell) {
    this.socket.end(this.#toldFatal ? undefined : farewell)
  }

  statementsLost(how) {
    this.#statements.lost(how)
  }

  get channels() {
    return this.#notifications.channels
  }

  #receive(chunk) {
    this.#framer.push(chunk)
    try {
      for (let packet; (packet = this.#framer.next()); ) this.#enqueue(packet)
    } catch (error) {
      this.#end('08P01', error.message)
    }
  }

  #enqueue(packet) {
    if (!this.#framer.started) return this.#start(packet)
    this.#unread += packet.length
    if (this.#unread > MOST_UNREAD) this.socket.pause()
    this.#queue = this.#queue.then(() => this.#take(packet)).catch((error) => this.#fail(error))
  }

  async #take(packet) {
    if (!this.gone) await this.#handle(packet)
    this.#unread -= packet.length
    if (this.#unread < MOST_UNREAD / 2) this.socket.resume()
  }

  #fail(error) {
    console.error(error)
    this.#end('XX000', `the embedded server failed: ${error.message}`)
  }

  #end(code, text) {
    this.socket.end(wire.errorResponse(code, text, 'FATAL'))
    this.socket.destroySoon() // else it would go on to listen to a client that does not hang up
  }

  // ---- start-up and authentication

  #start(packet) {
    const code = packet.readInt32BE(4)
    if (code === wire.SSL_REQUEST || code === wire.GSS_REQUEST) return this.socket.write('N')
    if (code === wire.CANCEL_REQUEST) return this.#cancel(packet)
    if (code >> 16 !== wire.PROTOCOL_3) return this.#end('0A000', 'unsupported frontend protocol')
    const { user, database = user } = wire.startupParameters(packet)
    this.#framer.started = true
    if (user !== 'postgres') return this.#end('28000', `role "${user}" does not exist`)
    if (database !== 'postgres') return this.#end('3D000', `database "${database}" does not exist`)
    this.socket.write(wire.message('R', wire.int32(10), 'SCRAM-SHA-256', Buffer.from([0])))
  }

  #cancel(packet) {
    if (packet.length === 16) this.server.cancel(packet.readInt32BE(8), packet.readInt32BE(12))
    this.socket.end()
  }

  #authenticate(packet) {
    if (packet[0] !== 0x70) return this.#end('08P01', 'expected a password message')
    if (!this.#scram) {
      this.#scram = new Scram(this.server.password)
      const nameEnd = packet.indexOf(0, 5)
      const reply = this.#scram.first(packet.subarray(nameEnd + 5).toString())
      return this.socket.write(wire.message('R', wire.int32(11), Buffer.from(reply)))
    }
    const reply = this.#scram.final(packet.subarray(5).toString())
    if (!reply) return this.#end('28P01', 'password authentication failed for user "postgres"')
    this.#authenticated = true
    const parameters = { ...PARAMETERS, server_version: this.server.version }
    this.socket.write(
      Buffer.concat([
        wire.message('R', wire.int32(12), Buffer.from(reply)),
        wire.message('R', wire.int32(0)),
        ...Object.entries(parameters).map(([name, value]) => wire.message('S', name, value)),
        wire.message('K', wire.int32(this.number, this.secret)),
        wire.readyForQuery('I'),
      ]),
    )
  }

  // ---- statements

  #handle(packet) {
    if (!this.#authenticated) return this.#authenticate(packet)
    const type = String.fromCharCode(packet[0])
    if (type === 'X') return this.socket.destroySoon()
    if ('dcf'.includes(type)) return this.#copyData(type, packet)
    if (this.#copying) return 'HS'.includes(type) ? undefined : this.#end('08P01', 'expected COPY data')
    if (this.#skipToSync) return type === 'S' ? this.#skipped() : undefined
    if (type === 'Q' || type === 'F') return this.#simple(type, packet)
    return this.#extended(type, packet)
  }

  async #simple(type, packet) {
    const query = wire.textAt(packet, 5)
    const deallocation = type === 'Q' && this.#statements.deallocation(query)
    if (deallocation && !this.#group.length) return this.#run(deallocation, { closesAs: 'DEALLOCATE' })
    this.#note(query)
    this.#gather(packet)
    await this.#flush()
  }

  async #copyData(type, packet) {
    if (!this.#copying) return // it belongs to a COPY that already failed
    this.#gather(packet)
    if (type !== 'd' || this.#groupBytes >= GROUP_BYTES) await this.#flush()
  }

  async #extended(type, packet) {
    if (type === 'H' && !this.#group.length) return // all is answered; it must not take a turn
    if (type === 'P') this.#note(wire.textAt(packet, packet.indexOf(0, 5) + 1))
    this.#gather(packet)
    if (type === 'S' || type === 'H' || this.#groupBytes >= GROUP_BYTES) await this.#flush({ synced: type === 'S' })
  }

  #note(query) {
    this.#notifications.note(query)
    if (!SET_CONFIG.test(query)) return
    if (SET_CONFIG.test(query.replaceAll(SET_LOCALLY, ''))) this.#setsByFunction = true
  }

  #gather(packet) {
    this.#group.push(packet)
    this.#groupBytes += packet.length
  }

  #flush(how) {
    const packets = this.#group
    this.#group = []
    this.#groupBytes = 0
    return this.#run(packets, how)
  }

  #skipped() {
    this.#skipToSync = false
    this.socket.write(wire.readyForQuery('I'))
  }

  async #run(bytes, { synced = true, closesAs = null } = {}) {
    if (!(await this.#takeTurn())) return this.#refuse(synced)
    this.#status = null
    const own = Array.isArray(bytes) ? this.#translated(bytes) : bytes
    const state = await this.server.turns.execute(own, (piece) => this.#answer(piece, closesAs))
    this.#copying = state === 'hungry'
    if (this.#status === 'I') await this.#giveTurn()
    await this.#drained()
  }

  #translated(packets) {
    const translations = packets.map((packet) => this.#statements.translate(packet))
    this.#extraParses = translations.filter(({ extraParse }) => extraParse).length
    return Buffer.concat(translations.flatMap((translation) => translation.packets))
  }

  #refuse(synced) {
    this.#skipToSync = !synced
    if (this.gone) return
    this.socket.write(wire.errorResponse('57014', 'canceling statement due to user request'))
    if (synced) this.socket.write(wire.readyForQuery('I'))
  }

  #answer(piece, closesAs) {
    const ranges = this.#walker.walk(piece, (type, message) => this.#keeps(type, message, closesAs))
    if (this.gone) return
    for (const range of ranges) this.socket.write(range)
  }

  #keeps(type, message, closesAs) {
    if (type === 'Z') this.#status = String.fromCharCode(message[5])
    if (type === 'Z' && closesAs && !this.gone) this.socket.write(wire.message('C', closesAs))
    if (type === 'C') this.#noteCommand(wire.textAt(message, 5))
    if (type === 'E' && message.includes('\0VFATAL\0')) this.#toldFatal = true
    if (type === 'A') this.server.notify(message)
    if (type === 'N' && message.includes(TRACE)) return false
    const extraParse = type === '1' && this.#extraParses > 0
    if (extraParse) this.#extraParses--
    return !extraParse && type !== 'A' && !(type === '3' && closesAs)
  }

  #noteCommand(tag) {
    if (tag === 'SET' || tag === 'RESET' || tag === 'DISCARD ALL') this.#changedSettings = true
    if (tag !== 'DEALLOCATE ALL' && tag !== 'DISCARD ALL') return
    for (const client of this.server.clients) client.statementsLost({ byThisClient: client === this })
  }

  // Waiting for a slow reader keeps what this client is owed flat; the others go on.
  #drained() {
    if (this.gone || !this.socket.writableNeedDrain) return
    return new Promise((resolve) => {
      const done = () => {
        this.socket.off('drain', done).off('close', done)
        resolve()
      }
      this.socket.on('drain', done).on('close', done)
    })
  }

  // ---- its turn: what a session of its own would keep from the others is put back in between

  async #takeTurn() {
    const turn = await this.server.turns.acquire(this)
    if (turn !== 'new') return turn
    this.#statements.turnBegins()
    if (this.#settings) await this.#silently(this.#settings)
    return turn
  }

  async #giveTurn() {
    const changed = this.#changedSettings || this.#setsByFunction
    if (changed) this.#settings = await this.#readSettings()
    if (this.#settings || changed) await this.#silently(this.server.resetSettings)
    for (const statement of this.#notifications.repairs()) await this.#silently(statement)
    this.#changedSettings = false
    this.server.turns.release(this)
  }

  #silently(query) {
    return this.server.turns.execute(wire.message('Q', query))
  }

  async #readSettings() {
    let found = null
    const pieces = []
    await this.server.turns.execute(wire.message('Q', SETTINGS_OF_SESSION), (piece) => pieces.push(piece))
    wire.eachMessage(Buffer.concat(pieces), (type, message) => {
      if (type === 'D') found = message.subarray(11).toString()
    })
    return found
  }

  // ---- leaving

  #leave() {
    this.gone = true
    this.server.turns.cancel(this)
    this.server.clients.delete(this)
    this.#queue = this.#queue.then(() => this.#cleanUp()).catch(console.error)
  }

  async #cleanUp() {
    const { turns } = this.server
    const unheard = this.#notifications.leave()
    if (!turns.isOwner(this) && !this.#statements.any && !unheard.length) return
    await turns.acquire(this)
    if (this.#copying) await turns.execute(wire.copyFail('the client went away'))
    if (this.#status !== 'I') await turns.execute(LEAVE_TRANSACTION)
    await turns.execute(this.#statements.close())
    for (const statement of unheard) await this.#silently(statement)
    if (this.#settings || this.#changedSettings || this.#setsByFunction) await this.#silently(this.server.resetSettings)
    turns.release(this)
  }
}
