// What all journeys share: the real program's demo, and one real browser. Both end with the tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';

const START_MS = 60_000;
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Nothing but the pages under test: no updates, no services of the browser's maker. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Person {
  email: string;
  password: string;
}

export interface Preset {
  base_url: string;
  account_id: string;
  secret: string;
  curl: string;
}

/** What `keyward demo --json` prints. */
export interface Demo {
  gateway: string;
  control: string;
  inbox: string;
  operator: Person;
  /** An admin of each API's account. */
  people: (Person & { api: string })[];
  management_key: string;
  presets: Record<'demo' | 'clevertap' | 'clickyid' | 'codat', Preset>;
}

declare module 'vitest' {
  interface ProvidedContext {
    demo: Demo;
    browser: string;
    program: string;
  }
}

export async function setup(project: TestProject) {
  const program = process.env.KEYWARD_PROGRAM;
  if (!program) throw new Error('KEYWARD_PROGRAM says which program to test');
  const executablePath = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
  if (!executablePath) throw new Error('No Chromium was found; CHROMIUM says where it is');
  const scratch = await mkdtemp(join(tmpdir(), 'keyward-journeys-'));
  const child = spawn(program, ['demo', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: scratch },
  });
  const demo: Demo = JSON.parse(await firstLine(child));
  const server = await chromium.launchServer({ executablePath, args: FLAGS });
  project.provide('demo', demo);
  project.provide('browser', server.wsEndpoint());
  project.provide('program', program);
  return async () => {
    await server.close();
    await ended(child);
    await rm(scratch, { recursive: true, force: true });
  };
}

/** The first line that a program prints; what it says on the other stream, where it ends before. */
export function firstLine(child: ChildProcess, from: 'stdout' | 'stderr' = 'stdout', pattern = /./): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The program did not start:\n${said.join('\n')}`)), START_MS);
    const settle = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name];
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (name === from && pattern.test(line)) settle(() => resolve(line));
      });
    }
    child.once('exit', (code) => settle(() => reject(new Error(`The program ended (${code}):\n${said.join('\n')}`))));
  });
}

/** Asks a program to stop, and waits until it has. */
export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
