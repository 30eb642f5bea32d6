// A real OpenID Connect provider on a free loopback port, for the tests of single sign-on.
//
// Usage: provider.mjs REDIRECT_URI     prints {"issuer": …} on its first line once it answers; ends with its stdin.
//
// Whoever comes to it says who they are: `/interaction/UID?as=ada`. KEYWARD_SSO_ROOT is where its package is installed.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = process.env.KEYWARD_SSO_ROOT
const library = pathToFileURL(join(root, 'node_modules', 'oidc-provider', 'lib', 'index.js'))
const { default: Provider } = await import(library.href)

const people = {
    ada: { email: 'Ada@Example.com', email_verified: true },
    mallory: { email: 'ada@example.com', email_verified: false },
    zoe: { email: 'zoe@elsewhere.example', email_verified: true },
}

const server = createServer()
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
    clients: [
        {
            client_id: 'keyward',
            client_secret: 'what-the-provider-gave',
            redirect_uris: [process.argv[2]],
            grant_types: ['authorization_code'],
            response_types: ['code'],
        },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true, methods: ['S256'] },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // Consent is given beforehand: what is tested is who somebody is.
    async loadExistingGrant({ oidc }) {
        const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId })
        grant.addOIDCScope('openid email profile')
        await grant.save()
        return grant
    },
})

const answer = provider.callback()
server.on('request', async (request, response) => {
    const url = new URL(request.url, issuer)
    if (!url.pathname.startsWith('/interaction/')) return answer(request, response)
    try {
        await provider.interactionDetails(request, response)
        const result = { login: { accountId: url.searchParams.get('as') } }
        await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
    } catch (error) {
        response.writeHead(400).end(String(error))
    }
})

process.stdin.resume().on('end', () => process.exit(0))
// Standard output is for that one line: whoever reads it may close it then.
console.info = console.warn
process.stdout.write(JSON.stringify({ issuer }) + '\n')
