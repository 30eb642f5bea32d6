// A deployment of one's own, beside the demo: made by `keyward init` and run by `keyward serve`, gone at the end.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, firstLine } from './world';

export interface Deployment {
  control: string;
  gateway: string;
  /** What `init` printed: the first management key among it. */
  made: string;
  /** The link by which the first operator sets up. */
  link: string;
  end: () => Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Runs a program with this configuration; `prepare` puts further files beside it. */
export async function deploy(
  program: string,
  config: string,
  prepare: (folder: string) => Promise<void> = async () => undefined,
): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-own-'));
  const [gateway, control, auth] = [await freePort(), await freePort(), await freePort()];
  const file = join(folder, 'keyward.toml');
  await prepare(folder);
  await writeFile(
    file,
    `data_dir = "data"
[listen]
gateway = "127.0.0.1:${gateway}"
control = "127.0.0.1:${control}"
auth = "127.0.0.1:${auth}"
${config}`,
  );
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  const init = spawn(program, ['init', '--config', file], options);
  let made = '';
  init.stdout.on('data', (text) => {
    made += text;
  });
  await new Promise((resolve) => init.once('exit', resolve));
  const child = spawn(program, ['serve', '--config', file], options);
  const link = (await firstLine(child, 'stderr', /\/setup#/)).trim();
  return {
    control: `http://127.0.0.1:${control}`,
    gateway: `http://127.0.0.1:${gateway}`,
    made,
    link,
    end: async () => {
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
