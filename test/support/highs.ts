import highs from "highs";

/** The solver's loader: its type declarations describe the CommonJS build, an import gets the loader itself. */
export const loadHighs = highs as unknown as typeof highs.default;
