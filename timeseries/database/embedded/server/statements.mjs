// One client's prepared statements. All clients share one backend, so a statement's name there
// carries its client's number, and the unnamed one is parsed again when others had their turn.
import * as wire from './protocol.mjs'

const DEALLOCATE = /^\s*deallocate\s+(?:prepare\s+)?(?:(all)|"((?:[^"]|"")+)"|(\w+))\s*;?\s*$/i

export class Statements {
  #prefix
  #names = new Set()
  #unnamed = null // the newest Parse of the unnamed statement
  #unnamedIsOurs = false // nobody else has been at the backend since

  constructor(number) {
    this.#prefix = `c${number}_`
  }

  /** Others may have replaced the unnamed statement. */
  turnBegins() {
    this.#unnamedIsOurs = false
  }

  /** The messages to send in place of a client's one, and whether their first answer is not for the client. */
  translate(packet) {
    const { place, type } = statementName(packet)
    if (!place) return { packets: [packet], extraParse: false }
    const name = wire.textAt(packet, place)
    if (name) return { packets: [this.#renamed(packet, place, name, type)], extraParse: false }
    if (type === 'P') this.#unnamed = Buffer.from(packet)
    const again = type !== 'P' && type !== 'C' && !this.#unnamedIsOurs && this.#unnamed
    if (type === 'P' || again) this.#unnamedIsOurs = true
    return { packets: again ? [this.#unnamed, packet] : [packet], extraParse: Boolean(again) }
  }

  #renamed(packet, place, name, type) {
    const full = this.#prefix + name
    if (type === 'P') this.#names.add(full)
    if (type === 'C') this.#names.delete(full)
    const renamed = Buffer.concat([packet.subarray(0, place), Buffer.from(full), packet.subarray(packet.indexOf(0, place))])
    renamed.writeUInt32BE(renamed.length - 1, 1)
    return renamed
  }

  /** What DEALLOCATE means for this client alone: the Close messages, or null for other statements. */
  deallocation(query) {
    const [found, all, quoted, plain] = DEALLOCATE.exec(query) ?? []
    if (!found) return null
    const full = this.#prefix + (quoted?.replaceAll('""', '"') ?? plain?.toLowerCase())
    if (!all && !this.#names.has(full)) return null
    const tag = all ? 'DEALLOCATE ALL' : 'DEALLOCATE'
    return { tag, bytes: this.closeAll(all ? undefined : [full]) }
  }

  /** Close messages for these statements, by default for every one, and a Sync. */
  closeAll(names = [...this.#names]) {
    for (const name of names) this.#names.delete(name)
    return Buffer.concat([...names.map(wire.closeStatement), wire.SYNC])
  }

  get any() {
    return this.#names.size > 0
  }
}

function statementName(packet) {
  const type = String.fromCharCode(packet[0])
  if (type === 'P') return { type, place: 5 }
  if (type === 'B') return { type, place: packet.indexOf(0, 5) + 1 }
  if ((type === 'D' || type === 'C') && packet[5] === 0x53) return { type, place: 6 }
  return { type, place: 0 }
}
