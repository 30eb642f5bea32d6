// Compresses what was built, once and as small as can be: the program only serves bytes.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Smaller files fit into one packet anyway. */
const BYTES_MIN = 1024;
const app = new URL('../dist/app', import.meta.url).pathname;

for (const name of readdirSync(app, { recursive: true })) {
  const path = join(app, String(name));
  if (!statSync(path).isFile() || !/\.(js|css|html|svg)$/.test(path)) continue;
  const plain = readFileSync(path);
  if (plain.length < BYTES_MIN) continue;
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  writeFileSync(`${path}.br`, brotliCompressSync(plain, { params: quality }));
}
