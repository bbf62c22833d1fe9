import { render } from "preact";
import { App } from "./app";
import { applyTheme } from "./ui/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";

applyTheme();
const place = document.getElementById("page");
if (place) render(<App />, place);
