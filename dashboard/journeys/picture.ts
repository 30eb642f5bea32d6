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

/** Keeps a picture, where pictures are wanted. */
export async function picture(page: Page, name: string, fullPage: boolean): Promise<void> {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage });
}

/** Who is shut out of what is shown, and whether it sticks out of its window. */
export async function faultsOf(page: Page, name: string, within = 'html'): Promise<string[]> {
  const found = (await barriers(page, within)).map((one) => `${name}: ${one}`);
  const wide = await overflow(page);
  return wide > 0 ? [...found, `${name}: ${wide} pixels stick out`] : found;
}
