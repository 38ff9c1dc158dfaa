// Node.js by hand: verify, parse, and write the event and its three deliveries in one prepared statement.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import Fastify from 'fastify'
import pg from 'pg'

const SECRET = process.env.PAYMENTS_WEBHOOK_SECRET
const ROUTES = ['record-payment', 'receipt-email', 'crm-contact']

// A single statement is a single transaction.
const INSERT = {
  name: 'keep-event',
  text: `
    with kept as (
      insert into payhook.event (id, endpoint, type, key, state, entity, amount, currency, method, url, content_type, headers, body)
      values ($1, 'payments', $2, $3, 'accepted', $4, $5, $6, 'POST', '/webhooks/payments', $7, $8, $9)
      on conflict (endpoint, key, variant) do nothing
      returning id
    ), deliveries as (
      insert into payhook.delivery (event_id, route, state)
      select kept.id, r.route, 'pending' from kept cross join unnest($10::text[]) as r(route)
    )
    select id from kept`
}
const FIRST = {
  name: 'find-first',
  text: "select id from payhook.event where endpoint = 'payments' and key = $1 and variant = ''"
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL ?? 16) })
const app = Fastify()

// The signature is over the raw bytes, so the body stays a Buffer until it has been verified.
app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
app.removeContentTypeParser('application/json')
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => done(null, body))

function authentic (signature, body) {
  if (typeof signature !== 'string' || signature.length !== 64) return false
  const given = Buffer.from(signature, 'hex')
  const expected = createHmac('sha256', SECRET).update(body).digest()
  return given.length === expected.length && timingSafeEqual(given, expected)
}

// Time-ordered, so that the index grows at one end.
let random = Buffer.alloc(0)
let used = 0
function newId () {
  if (used + 10 > random.length) {
    random = randomBytes(4000)
    used = 0
  }
  const time = Date.now().toString(16).padStart(12, '0')
  const rest = random.toString('hex', used, used + 10)
  used += 10
  const variant = '89ab'[parseInt(rest[3], 16) & 3]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-${variant}${rest.slice(4, 7)}-${rest.slice(7, 19)}`
}

function pairs (raw) {
  const headers = []
  for (let i = 0; i < raw.length; i += 2) headers.push([raw[i], raw[i + 1]])
  return JSON.stringify(headers)
}

app.post('/webhooks/payments', async (request, reply) => {
  const body = request.body
  if (!authentic(request.headers['x-echezona-signature'], body)) {
    return reply.code(401).send({ error: 'signature' })
  }
  let event
  try {
    event = JSON.parse(body)
  } catch {
    return reply.code(400).send({ error: 'malformed' })
  }
  const type = event?.event
  const data = event?.data
  const entity = data?.transaction_id
  if (typeof type !== 'string' || typeof entity !== 'string') {
    return reply.code(400).send({ error: 'malformed' })
  }
  const key = type + ':' + entity
  try {
    const { rows } = await pool.query({
      ...INSERT,
      values: [newId(), type, key, entity, data.amount, data.currency, request.headers['content-type'],
        pairs(request.raw.rawHeaders), body, ROUTES]
    })
    if (rows.length === 1) return { status: 'accepted', id: rows[0].id }
    const first = await pool.query({ ...FIRST, values: [key] })
    return { status: 'duplicate', id: first.rows[0].id }
  } catch (problem) {
    console.error(problem.message)
    return reply.code(503).send({ error: 'unavailable' })
  }
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
