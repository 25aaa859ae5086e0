// The scenes in a page, bundled for it by esbuild; `ai` stands for the SDK under test.
import * as sdk from "ai";
import { play } from "./scenes.js";

globalThis.playScenes = (where) => play(sdk, where, (scene, found) => globalThis.tell(scene, JSON.stringify(found ?? null)));
