// How pages are looked at: in which schemes and widths, and where pictures of them go.
import { mkdir } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { barriers, overflow } from './browser';

/** Where pictures go; nowhere unless said. */
export const PICTURES = process.env.KEYWARD_PICTURES;

export interface Seen {
  scheme: 'light' | 'dark';
  width: number;
}

/** Waits until a page has read what it shows. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await expect.poll(() => page.getByLabel('Loading').filter({ visible: true }).count(), { timeout: 10_000 }).toBe(0);
}

/** Waits until what was just changed is drawn, and has the colours that it will keep. */
async function still(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((one) => one.finished));
  });
}

/** Keeps a picture, where pictures are wanted. */
export async function picture(page: Page, name: string, fullPage: boolean): Promise<void> {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage });
}

/** Headings that are more than one level below the one before. */
async function skipped(page: Page, within: string): Promise<string[]> {
  const part = within === 'html' ? 'main' : within;
  const levels = await page.evaluate(
    (part) =>
      [...document.querySelectorAll(`${part} :is(h1, h2, h3, h4, h5, h6)`)].map((one) => Number(one.tagName.slice(1))),
    part,
  );
  const first = within === 'html' ? 0 : 1;
  return levels.flatMap((level, at) => (level > (levels[at - 1] ?? first) + 1 ? [`h${level} follows too early`] : []));
}

/** Who is shut out of what is shown, and whether it sticks out of its window. */
export async function faultsOf(page: Page, name: string, within = 'html'): Promise<string[]> {
  await still(page);
  const found = [...(await barriers(page, within)), ...(await skipped(page, within))];
  const wide = await overflow(page);
  if (wide > 0) found.push(`${wide} pixels stick out`);
  return found.map((one) => `${name}: ${one}`);
}
