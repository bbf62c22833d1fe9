import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Lay compressed copies beside the files that are large: the gateway compresses nothing. */
function compressed(folder: string, leastBytes = 1024): Plugin {
  return {
    name: "compressed",
    closeBundle() {
      for (const name of readdirSync(join(folder, "assets"))) {
        const path = join(folder, "assets", name);
        const content = readFileSync(path);
        if (content.length < leastBytes) continue;
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

const BUILT = "../syntrust_gateway/web/built";

const NO_CODEC = "/src/views/viewer/data/no_codec.ts";

// The gateway's Python package holds the built page, so that its wheel does.
export default defineConfig({
  base: "./",
  plugins: [compressed(BUILT)],
  resolve: {
    alias: {
      // NiiVue also reads Zarr, whose codecs are 1.4 MB of WebAssembly. All files here are NIfTI.
      "numcodecs/blosc": NO_CODEC,
      "numcodecs/lz4": NO_CODEC,
      "numcodecs/zstd": NO_CODEC,
    },
  },
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a strict policy allows no data: scripts, and files are cached by hash
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000, // kB; the viewer alone passes it, and is loaded on demand
  },
  server: { host: "127.0.0.1" },
});
