/** What every page loads. */
import "./tabler.scss";
import "./css/tokens.css";
import "./css/base.css";
import "./css/frame.css";
import "./css/controls.css";
import "./css/records.css";
import "./css/maps.css";
import "./css/charts.css";
import "./css/bench.css";
import "./css/print.css";
import "./swaps.js";
import "./scan.js";
import "./bench.js";
import "./type-code.js";
import "./command-form.js";
import "./keyboard.js";
import "./theme.js";
