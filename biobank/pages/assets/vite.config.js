import { defineConfig } from "vite";
import { noForeignAddresses } from "./foreign.js";
import { licences } from "./licences.js";
import { withoutUnusedSettings } from "./unused.js";

// One call builds every page's styles and scripts. Names carry a hash of the content, so a browser
// may keep a file for ever; manifest.json maps each entry to its built name.
export default defineConfig({
  base: "/static/",
  publicDir: false,
  logLevel: "error",
  plugins: [noForeignAddresses(), licences(), withoutUnusedSettings()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    assetsDir: ".",
    // data: addresses would be one more thing for the content security policy to allow.
    assetsInlineLimit: 0,
    manifest: "manifest.json",
    modulePreload: false,
    chunkSizeWarningLimit: 2000,
    target: ["chrome123", "firefox128", "safari17.5"],
    rolldownOptions: { input: { app: "src/app.js", swagger: "src/swagger.js", worker: "src/worker.js" } },
  },
});
