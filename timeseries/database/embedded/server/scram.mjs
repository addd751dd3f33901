// Server side of SCRAM-SHA-256 (RFC 5802, RFC 7677), so the password never crosses the socket.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
const sha256 = (bytes) => createHash('sha256').update(bytes).digest()
const attribute = (text, name) => text.split(',').find((part) => part.startsWith(`${name}=`))?.slice(2)

export class Scram {
  #salt = randomBytes(16)
  #iterations = 4096

  constructor(password) {
    this.password = password
  }

  /** client-first-message → server-first-message */
  first(clientFirst) {
    this.clientFirstBare = clientFirst.slice(clientFirst.indexOf(',', 2) + 1)
    this.nonce = attribute(this.clientFirstBare, 'r') + randomBytes(18).toString('base64')
    this.serverFirst = `r=${this.nonce},s=${this.#salt.toString('base64')},i=${this.#iterations}`
    return this.serverFirst
  }

  /** client-final-message → server-final-message, or null when the proof does not match */
  final(clientFinal) {
    const withoutProof = clientFinal.slice(0, clientFinal.lastIndexOf(',p='))
    const proof = Buffer.from(attribute(clientFinal, 'p') ?? '', 'base64')
    const salted = pbkdf2Sync(this.password, this.#salt, this.#iterations, 32, 'sha256')
    const storedKey = sha256(hmac(salted, 'Client Key'))
    const exchange = `${this.clientFirstBare},${this.serverFirst},${withoutProof}`
    const signature = hmac(storedKey, exchange)
    if (attribute(clientFinal, 'r') !== this.nonce || proof.length !== signature.length) return null
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ signature[index]))
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return null
    return `v=${hmac(hmac(salted, 'Server Key'), exchange).toString('base64')}`
  }
}
