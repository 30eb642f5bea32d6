// What a browser's own clocks say of a page, as it is used.
import type { Page } from 'playwright-core';

interface Recorder {
  frames: number[];
  events: number[];
}

declare global {
  interface Window {
    recorder?: Recorder;
  }
}

/** Begins to note how long each frame and each answer to a key or click takes. */
export function record(page: Page): Promise<void> {
  return page.evaluate(() => {
    const recorder: Recorder = { frames: [], events: [] };
    window.recorder = recorder;
    let last = performance.now();
    const frame = (now: number) => {
      recorder.frames.push(now - last);
      last = now;
      if (window.recorder === recorder) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) recorder.events.push(entry.duration);
    });
    observer.observe({ type: 'event', durationThreshold: 16, buffered: false } as PerformanceObserverInit);
  });
}

/** What was noted since, in milliseconds. */
export async function recorded(page: Page): Promise<{ frames: number[]; events: number[] }> {
  const found = await page.evaluate(() => {
    const recorder = window.recorder ?? { frames: [], events: [] };
    window.recorder = undefined;
    return recorder;
  });
  return { frames: found.frames.slice(1), events: found.events };
}

/** `p50 17, p95 33, longest 84 ms of 512 frames` */
export function spread(all: readonly number[], what: string): string {
  if (all.length === 0) return `no ${what} of 16 ms or more`;
  const sorted = [...all].sort((a, b) => a - b);
  const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0);
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, longest ${at(1)} ms of ${all.length} ${what}`;
}

/** Turns the wheel so many times, a frame apart. */
export async function wheel(page: Page, times: number, px: number): Promise<void> {
  await page.mouse.move(700, 500);
  for (let turn = 0; turn < times; turn++) await page.mouse.wheel(0, px);
}

/** Since when a page was there, in milliseconds of its own time: first paint, the page's own heading, all that was read. */
export function loaded(page: Page): Promise<{ paint: number; bytes: number }> {
  return page.evaluate(() => {
    const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
    const files = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const own = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    const bytes = [...files, ...own].reduce((all, one) => all + one.transferSize, 0);
    return { paint, bytes };
  });
}

/** Notes, in the page's own time, when something that this selector finds is there; set before the page is opened. */
export async function noteWhen(page: Page, selector: string): Promise<void> {
  await page.addInitScript((selector) => {
    const look = () => {
      if (document.querySelector(selector)) document.documentElement.dataset.usable = String(performance.now());
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, selector);
}

export async function usable(page: Page): Promise<number> {
  const noted = await page.waitForFunction(() => document.documentElement.dataset.usable);
  return Number(await noted.jsonValue());
}
