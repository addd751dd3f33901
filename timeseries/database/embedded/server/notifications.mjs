// LISTEN and UNLISTEN of one client. The backend knows one listener only, all clients together,
// so who wants to hear what is kept here.

const COMMAND = /(?:^|;)\s*(un)?listen\s+(?:(\*)|"((?:[^"]|"")+)"|([\w$]+))/gi
const quoted = (name) => `"${name.replaceAll('"', '""')}"`

export class Notifications {
  channels = new Set()
  #clients
  #unlistened = false

  constructor(clients) {
    this.#clients = clients
  }

  /** Takes notice of the LISTEN and UNLISTEN commands in a query. */
  note(query) {
    for (const [, un, all, exact, plain] of query.matchAll(COMMAND)) {
      const name = exact?.replaceAll('""', '"') ?? plain?.toLowerCase()
      if (!un) this.channels.add(name)
      else if (all) this.channels.clear()
      else this.channels.delete(name)
      this.#unlistened ||= Boolean(un)
    }
  }

  /** What to run after an UNLISTEN, so that the others still hear. */
  repairs() {
    if (!this.#unlistened) return []
    this.#unlistened = false
    return [...this.#wanted()].map((name) => `LISTEN ${quoted(name)}`)
  }

  /** What to run when this client has gone, and nobody else listens to its channels. */
  leave() {
    const wanted = this.#wanted()
    return [...this.channels].filter((name) => !wanted.has(name)).map((name) => `UNLISTEN ${quoted(name)}`)
  }

  #wanted() {
    return new Set([...this.#clients].flatMap((client) => [...client.channels]))
  }
}
