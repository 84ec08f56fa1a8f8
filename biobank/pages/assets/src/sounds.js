/** The five sounds of a scan bench, one for each outcome, made by Web Audio; a browser lets them out after the first gesture. */

/** @type {AudioContext | null} */
let audio = null;
let alarm = 0;

function unlock() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}
for (const gesture of ["pointerdown", "keydown"]) {
  document.addEventListener(gesture, unlock, { capture: true, passive: true });
}

/** @param {number} hertz @param {number} length seconds @param {number} wait seconds @param {number} volume 0 to 1 */
function tone(hertz, length, wait, volume) {
  if (!audio || audio.state !== "running" || volume <= 0) return;
  const from = audio.currentTime + wait;
  const gain = new GainNode(audio, { gain: 0 });
  const source = new OscillatorNode(audio, { frequency: hertz, type: "triangle" });
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(volume, from + 0.008); // a soft edge: no click
  gain.gain.setValueAtTime(volume, from + length - 0.012);
  gain.gain.linearRampToValueAtTime(0, from + length);
  source.connect(gain).connect(audio.destination);
  source.start(from);
  source.stop(from + length);
}

/**
 * What is heard and felt of each outcome; what is seen of it stands in css/base.css and css/bench.css.
 * Tones are hertz, length and start in seconds; a buzz is milliseconds on, off, on.
 * @type {Record<string, {tones: number[][], buzz: number[]}>}
 */
const OUTCOMES = {
  ok: { tones: [[1800, 0.08, 0]], buzz: [40] },
  notice: { tones: [[900, 0.08, 0], [900, 0.08, 0.14]], buzz: [40, 60, 40] },
  done: { tones: [[1200, 0.09, 0], [1500, 0.09, 0.11], [1800, 0.14, 0.22]], buzz: [80] },
  offline: { tones: [[220, 0.2, 0]], buzz: [] },
  stop: { tones: [[400, 0.25, 0], [300, 0.25, 0.25]], buzz: [300, 100, 300, 100, 300] },
};

/** Plays one outcome; STOP goes on until `hush()`.
 * @param {string} outcome @param {number} volume 0 to 1 @param {boolean} buzzes */
export function play(outcome, volume, buzzes) {
  hush();
  const { tones, buzz } = OUTCOMES[outcome] ?? { tones: [], buzz: [] };
  const once = () => tones.forEach(([hertz, length, wait]) => tone(hertz, length, wait, volume));
  once();
  if (outcome === "stop") alarm = setInterval(once, 500);
  if (buzzes && buzz.length && navigator.vibrate) navigator.vibrate(buzz);
}

/** Every sound once, the alarm last, to be told apart before the work begins. @param {number} volume 0 to 1 */
export function rehearse(volume) {
  unlock();
  Object.values(OUTCOMES).forEach(({ tones }, place) =>
    tones.forEach(([hertz, length, wait]) => tone(hertz, length, wait + 0.2 + place * 0.8, volume)));
}

export function hush() {
  clearInterval(alarm);
}
