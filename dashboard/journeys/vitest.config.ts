import { defineConfig } from 'vitest/config';

// One program, one browser, one journey after the other.
export default defineConfig({
  test: {
    include: ['journeys/**/*.journey.ts'],
    globalSetup: ['journeys/world.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    isolate: false,
    testTimeout: 45_000,
    hookTimeout: 60_000,
  },
});
