// A provider of identities (OpenID Connect) that vouches for one person, as long ago as a journey wants it to.
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const CLIENT = 'keyward';
const LIFE_S = 3_600;

export interface Provider {
  issuer: string;
  /** How long ago, in seconds, it asked who they are; it asks anew where it is told to. */
  askedAgo: number;
  close: () => Promise<void>;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Begins to vouch for whoever has this address. */
export async function provider(email: string): Promise<Provider> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const told = { issuer: '', askedAgo: 0, nonce: '', askedAt: 0 };

  const token = () => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: told.issuer,
      aud: CLIENT,
      sub: 'somebody-1',
      nonce: told.nonce,
      iat: now,
      exp: now + LIFE_S,
      auth_time: told.askedAt,
      email,
      email_verified: true,
    };
    const text = `${encode({ alg: 'EdDSA', kid: '1' })}.${encode(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`;
  };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', told.issuer);
    const json = (body: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/.well-known/openid-configuration') {
      return json({
        issuer: told.issuer,
        authorization_endpoint: `${told.issuer}/auth`,
        token_endpoint: `${told.issuer}/token`,
        jwks_uri: `${told.issuer}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['EdDSA'],
      });
    }
    if (url.pathname === '/jwks') {
      return json({ keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'EdDSA', kid: '1' }] });
    }
    if (url.pathname === '/token') {
      request.resume();
      return json({ access_token: 'a', token_type: 'Bearer', id_token: token() });
    }
    if (url.pathname === '/auth') {
      const isFresh = url.searchParams.get('prompt') === 'login' || url.searchParams.get('max_age') === '0';
      told.nonce = url.searchParams.get('nonce') ?? '';
      told.askedAt = Math.floor(Date.now() / 1_000) - (isFresh ? 0 : told.askedAgo);
      const back = new URL(url.searchParams.get('redirect_uri') ?? told.issuer);
      back.searchParams.set('code', 'once');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      return response.writeHead(302, { location: back.href }).end();
    }
    return response.writeHead(404).end();
  };

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  told.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer: told.issuer,
    get askedAgo() {
      return told.askedAgo;
    },
    set askedAgo(seconds) {
      told.askedAgo = seconds;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
