// Who may talk to the backend: one client at a time, from its first message until the
// backend says it is idle again, so that transactions never mix.

export class Turns {
  #worker
  #wakeUp
  #owner = null
  #waiting = []
  #running = null

  /** died(reason, visit): the backend is beyond use. */
  constructor(worker, wakeUp, died) {
    this.#worker = worker
    this.#wakeUp = new Int32Array(wakeUp)
    worker.on('message', ({ answer, state, reason }) => {
      if (answer?.length) this.#running.visit(answer)
      if (state === 'dead') died(reason)
      else if (state !== 'running') this.#running?.resolve(state)
    })
  }

  /** Resolves to 'kept' or 'new' when it is this client's turn, to null when it was cancelled while waiting. */
  acquire(client) {
    if (this.isOwner(client)) return Promise.resolve('kept')
    if (this.#owner === null) {
      this.#owner = client
      return Promise.resolve('new')
    }
    return new Promise((resolve) => this.#waiting.push({ client, resolve }))
  }

  isOwner(client) {
    return this.#owner === client
  }

  release(client) {
    if (!this.isOwner(client)) return
    const next = this.#waiting.shift()
    this.#owner = next?.client ?? null
    next?.resolve('new')
  }

  /** Takes a client out of the queue; a statement that is running cannot be stopped. */
  cancel(client) {
    const index = this.#waiting.findIndex((entry) => entry.client === client)
    if (index >= 0) this.#waiting.splice(index, 1)[0].resolve(null)
  }

  /**
   * Runs whole wire messages on the backend, giving its answer to visit() piece by piece.
   * Resolves to 'done', or to 'hungry' when a COPY … FROM STDIN waits for data.
   */
  execute(bytes, visit = () => {}) {
    return new Promise((resolve) => {
      this.#running = { visit, resolve }
      const owned = Uint8Array.from(bytes) // a view would be sent with all of the buffer behind it
      this.#worker.postMessage({ bytes: owned }, [owned.buffer])
      this.#wake()
    })
  }

  /** After the statement that runs now, or in place of the COPY data it waits for. */
  stop() {
    this.#worker.postMessage({ stop: true })
    this.#wake()
  }

  #wake() {
    Atomics.store(this.#wakeUp, 0, 1)
    Atomics.notify(this.#wakeUp, 0)
  }
}
