// Rules for the addon's own browser code.
const globals = require("globals");

module.exports = [
    {
        files: ["static/**/*.js"],
        ignores: ["static/lib/**"],
        languageOptions: {
            ecmaVersion: 2022,
            sourceType: "module",
            globals: {...globals.browser, odoo: "readonly", luxon: "readonly", owl: "readonly"},
        },
        linterOptions: {reportUnusedDisableDirectives: "error"},
        rules: {
            "consistent-return": "error",
            curly: "error",
            eqeqeq: ["error", "always", {null: "ignore"}],
            "no-alert": "error",
            "no-console": ["error", {allow: ["warn", "error"]}],
            "no-debugger": "error",
            "no-dupe-keys": "error",
            "no-eval": "error",
            "no-implied-eval": "error",
            "no-new-func": "error",
            "no-shadow": "error",
            "no-undef": "error",
            "no-unreachable": "error",
            "no-unused-vars": ["error", {argsIgnorePattern: "^_"}],
            "no-useless-escape": "error",
            "no-var": "error",
            "object-shorthand": "error",
            "prefer-const": "error",
            "prefer-template": "error",
        },
    },
];
