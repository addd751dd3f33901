// One client's prepared statements. All clients share one backend: a statement's name there carries
// its client's number, and what another client has replaced or dropped is parsed again before its next use.
import * as wire from './protocol.mjs'

const DEALLOCATE = /^\s*deallocate\s+(?:prepare\s+)?(?:"((?:[^"]|"")+)"|(\w+))\s*;?\s*$/i

export class Statements {
  #prefix
  #known = new Map() // name → { parse, there }: the Parse message, and whether the backend still has it

  constructor(number) {
    this.#prefix = `c${number}_`
  }

  /** Others may have replaced the unnamed statement. */
  turnBegins() {
    const unnamed = this.#known.get('')
    if (unnamed) unnamed.there = false
  }

  /** Somebody has dropped every statement of the backend. */
  lost({ byThisClient }) {
    if (byThisClient) this.#known.clear()
    for (const statement of this.#known.values()) statement.there = false
  }

  /** The messages to send in place of a client's one, and whether a Parse the client knows nothing of leads them. */
  translate(packet) {
    const { type, place } = statementName(packet)
    if (!place) return { packets: [packet], extraParse: false }
    const name = wire.textAt(packet, place)
    const renamed = name ? this.#renamed(packet, place, name) : packet
    const lost = type !== 'P' && type !== 'C' && this.#known.get(name)?.there === false
    const packets = lost ? [this.#known.get(name).parse, renamed] : [renamed]
    if (type === 'P') this.#known.set(name, { parse: Buffer.from(renamed), there: true })
    if (type === 'C') this.#known.delete(name)
    if (lost) this.#known.get(name).there = true
    return { packets, extraParse: lost }
  }

  #renamed(packet, place, name) {
    const rest = packet.subarray(packet.indexOf(0, place))
    const renamed = Buffer.concat([packet.subarray(0, place), Buffer.from(this.#prefix + name), rest])
    renamed.writeUInt32BE(renamed.length - 1, 1)
    return renamed
  }

  /** The messages a DEALLOCATE of one of this client's statements means; null for every other query. */
  deallocation(query) {
    const [found, quoted, plain] = DEALLOCATE.exec(query) ?? []
    const name = quoted?.replaceAll('""', '"') ?? plain?.toLowerCase()
    return found && this.#known.has(name) ? this.close([name]) : null
  }

  /** Close messages for these statements, by default for all with a name, and a Sync. */
  close(names = [...this.#known.keys()].filter(Boolean)) {
    for (const name of names) this.#known.delete(name)
    return Buffer.concat([...names.map((name) => wire.closeStatement(this.#prefix + name)), wire.SYNC])
  }

  get any() {
    return this.#known.size > (this.#known.has('') ? 1 : 0)
  }
}

function statementName(packet) {
  const type = String.fromCharCode(packet[0])
  if (type === 'P') return { type, place: 5 }
  if (type === 'B') return { type, place: packet.indexOf(0, 5) + 1 }
  if ((type === 'D' || type === 'C') && packet[5] === 0x53) return { type, place: 6 }
  return { type, place: 0 }
}
