import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Where `npm run dev` finds a running control listener; the built app is served by the program itself.
const control = process.env.KEYWARD_URL ?? 'http://127.0.0.1:8081';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist/app',
    emptyOutDir: true,
    target: 'es2023',
    // The first versions that know light-dark(): its replacement does not see the scheme that somebody chose.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    // Everything is a file of its own: no data: URL has to be permitted for scripts or fonts.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
  },
  server: {
    // The server compares a page's origin with the host it was asked at: the latter stays as it is.
    proxy: Object.fromEntries(
      ['/v1', '/docs', '/openapi.json', '/style.css', '/readyz', '/metrics'].map((path) => [
        path,
        { target: control, changeOrigin: false },
      ]),
    ),
  },
});
