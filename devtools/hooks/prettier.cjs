// Start prettier with its XML plugin, both taken from where pre-commit installed them.
//
// Prettier looks for plugins below the working folder only; NODE_PATH, which pre-commit sets, is
// honoured by require() alone.
const fs = require("fs");
const path = require("path");

function packageFolder(name) {
    for (const folder of (process.env.NODE_PATH || "").split(path.delimiter)) {
        const candidate = path.join(folder, ...name.split("/"));
        if (fs.existsSync(path.join(candidate, "package.json"))) {
            return candidate;
        }
    }
    throw new Error(`${name} is not installed where NODE_PATH points`);
}

const pluginFolder = packageFolder("@prettier/plugin-xml");
const {main} = JSON.parse(fs.readFileSync(path.join(pluginFolder, "package.json"), "utf-8"));
process.argv.push(`--plugin=${path.join(pluginFolder, main || "index.js")}`);
require(path.join(packageFolder("prettier"), "bin", "prettier.cjs"));
