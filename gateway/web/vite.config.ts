import { defineConfig } from "vite";

// The gateway's Python package holds the built page, so that its wheel does.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../syntrust_gateway/web/built",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a strict policy allows no data: scripts, and files are cached by hash
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000, // kB; the viewer alone passes it, and is loaded on demand
  },
  server: { host: "127.0.0.1" },
});
