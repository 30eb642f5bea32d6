import { defineConfig } from 'vitest/config';

// Not among the journeys: measures, and takes minutes.
export default defineConfig({
  test: {
    include: ['journeys/**/*.figures.ts'],
    globalSetup: ['journeys/world.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    isolate: false,
    testTimeout: 900_000,
    hookTimeout: 300_000,
  },
});
