/**
 * Leaves out Tabler's own settings that no rule of the built styles reads: most are for parts we do not load.
 * Only the rule that declares them is looked at, so that nothing of ours is ever left out.
 */
export function withoutUnusedSettings() {
  return {
    name: "without-unused-settings",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && file.fileName.endsWith(".css")) file.source = shortened(String(file.source));
      }
    },
  };
}

const SETTINGS = /(:root,:host\{)([^{}]*)(\})/;

/** Again and again, for a setting that is left out may have been the only one to read another. */
function shortened(styles) {
  const kept = styles.replace(SETTINGS, (_rule, start, body, end) => {
    const lines = body.split(/;(?=--)/).filter((line) => {
      const name = line.slice(0, line.indexOf(":")).trim();
      return !name.startsWith("--") || styles.includes(`var(${name})`) || styles.includes(`var(${name},`);
    });
    return start + lines.join(";") + end;
  });
  return kept === styles ? styles : shortened(kept);
}
