// Framing and building of PostgreSQL wire messages (protocol 3.0).
// https://www.postgresql.org/docs/17/protocol-message-formats.html

export const SSL_REQUEST = 80877103
export const GSS_REQUEST = 80877104
export const CANCEL_REQUEST = 80877102
export const PROTOCOL_3 = 3

const LONGEST_START = 10_000
const LONGEST = { p: 10_000, Q: 2 ** 28, P: 2 ** 28, B: 2 ** 28, F: 2 ** 28, d: 2 ** 28 }
const SHORT = { C: 10_000, D: 10_000, E: 10_000, H: 4, S: 4, X: 4, c: 10_000, f: 10_000 }
const LIMITS = { ...LONGEST, ...SHORT }

/** Cuts a byte stream into whole messages, however TCP split it. */
export class Framer {
  #chunks = []
  #size = 0
  started = false // the start-up message has no type byte

  push(chunk) {
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  /**
   * The next whole message, or null when more bytes are needed.
   * Throws on what no client sends: the backend would take it for a lost connection and end.
   */
  next() {
    const header = this.started ? 5 : 4
    if (this.#size < header) return null
    const head = this.#peek(header)
    const length = head.readUInt32BE(header - 4)
    this.#check(head, length)
    const whole = length + header - 4
    if (this.#size < whole) return null
    const all = this.#join()
    this.#chunks = whole < all.length ? [all.subarray(whole)] : []
    this.#size -= whole
    return all.subarray(0, whole)
  }

  #check(head, length) {
    const [least, most] = this.started ? [4, LIMITS[String.fromCharCode(head[0])] ?? 0] : [8, LONGEST_START]
    if (length < least || length > most) throw new Error('invalid message from the client')
  }

  // Joining once a whole message is there keeps a large COPY linear.
  #join() {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)]
    return this.#chunks[0]
  }

  #peek(bytes) {
    return this.#chunks[0].length >= bytes ? this.#chunks[0] : this.#join()
  }
}

/** One message: type byte, length, body; a text part ends with a zero byte. */
export function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part + '\0') : part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

export function int32(...values) {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeInt32BE(value, 4 * index))
  return bytes
}

export function errorResponse(code, text, severity = 'ERROR') {
  const field = (kind, value) => Buffer.from(`${kind}${value}\0`)
  return message('E', field('S', severity), field('V', severity), field('C', code), field('M', text), Buffer.from([0]))
}

export const readyForQuery = (status) => message('Z', Buffer.from(status))
export const copyFail = (reason) => message('f', reason)
export const closeStatement = (name) => message('C', Buffer.from('S'), name)
export const SYNC = message('S')

// Of the backend's answer, these say something to the server itself; rows and all others just pass.
const TELLING = new Set(Buffer.from('ZCANE13'))

/** Cuts the backend's answer, which comes in pieces, into messages. */
export class AnswerWalker {
  #rest = Buffer.alloc(0)

  /** Asks keep(type, message) of every telling message; gives the bytes of all but those refused, in order. */
  walk(piece, keep) {
    const view = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const buffer = this.#rest.length ? Buffer.concat([this.#rest, view]) : view
    const ranges = []
    let from = 0
    let at = 0
    for (let end; (end = messageEnd(buffer, at)); at = end) {
      if (!TELLING.has(buffer[at]) || keep(String.fromCharCode(buffer[at]), buffer.subarray(at, end))) continue
      if (at > from) ranges.push(buffer.subarray(from, at))
      from = end
    }
    if (at > from) ranges.push(buffer.subarray(from, at))
    this.#rest = buffer.subarray(at)
    return ranges
  }
}

function messageEnd(buffer, at) {
  if (at + 5 > buffer.length) return 0
  const end = at + 1 + buffer.readUInt32BE(at + 1)
  return end <= buffer.length ? end : 0
}

/** Key-value pairs of a start-up message. */
export function startupParameters(packet) {
  const words = packet.subarray(8).toString().split('\0')
  const parameters = {}
  for (let i = 0; i + 1 < words.length && words[i]; i += 2) parameters[words[i]] = words[i + 1]
  return parameters
}

/** The text that ends with the zero byte at or after a place. */
export function textAt(packet, at) {
  const end = packet.indexOf(0, at)
  return packet.subarray(at, end < 0 ? packet.length : end).toString()
}

/** Calls visit(type, message) for every whole message. */
export function eachMessage(buffer, visit) {
  for (let at = 0, end; (end = messageEnd(buffer, at)); at = end) visit(String.fromCharCode(buffer[at]), buffer.subarray(at, end))
}
