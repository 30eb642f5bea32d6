import { defineConfig } from 'vitest/config';

// One program, one browser, one journey after the other.
export default defineConfig({
  test: {
    include: ['journeys/**/*.journey.ts'],
    globalSetup: ['journeys/world.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    isolate: false,
    // A browser on a busy machine may miss a moment; the report says which journeys needed a second try.
    retry: 1,
    testTimeout: 45_000,
    hookTimeout: 60_000,
  },
});
