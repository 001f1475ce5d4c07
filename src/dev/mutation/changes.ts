/** Single changes of a source file that a good test suite notices. */
import ts from "typescript";

/** One change of one file. */
export interface Change {
  /** Path from the root of the repository. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What stands there, from `start` to `end`, and what replaces it. */
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
  /** The line that the change is in, trimmed. */
  readonly context: string;
}

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">"],
  "<=": ["<", ">"],
  ">": [">=", "<"],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "&&": ["||"],
  "||": ["&&"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "+=": ["-="],
  "-=": ["+="],
  "&": ["|"],
  "|": ["&"],
};
const METHODS: Readonly<Record<string, string>> = {
  min: "max",
  max: "min",
  ceil: "floor",
  floor: "ceil",
  some: "every",
  every: "some",
};

/**
 * All changes of a file. What only words an error, and types, are left alone.
 * @param constants whether the numbers of the file's named constants change, or all else: how far a search goes or when rounding ends is
 *   chosen, and a test of the next number to the right one could only copy it
 */
export function changesOf(file: string, text: string, constants = false): Change[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const lines = text.split("\n");
  const found: Change[] = [];
  const change = (node: ts.Node, after: string) => {
    const start = node.getStart(source);
    const { line } = source.getLineAndCharacterOfPosition(start);
    const before = text.slice(start, node.end);
    found.push({ file, line: line + 1, start, end: node.end, before, after, context: lines[line]!.trim() });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isThrowStatement(node) || ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isTemplateExpression(node)) return;
    if (ts.isBinaryExpression(node) && !isText(node.left) && !isText(node.right)) {
      for (const after of OPERATORS[node.operatorToken.getText(source)] ?? []) change(node.operatorToken, after);
    }
    if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent) && node.parent.expression === node) {
      const after = METHODS[node.name.text];
      if (after !== undefined) change(node.name, after);
    }
    if (ts.isNumericLiteral(node)) {
      const value = Number(node.text);
      for (const after of value === 0 ? [1] : [value + 1, value - 1]) change(node, String(after));
    }
    if (ts.isExpressionStatement(node)) change(node, ";");
    if (ts.isContinueStatement(node) || ts.isBreakStatement(node)) change(node, ";");
    if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
      const condition = ts.isIfStatement(node) ? node.expression : node.condition;
      change(condition, `!(${condition.getText(source)})`);
    }
    if (ts.isPostfixUnaryExpression(node)) {
      const operand = node.operand.getText(source);
      change(node, node.operator === ts.SyntaxKind.PlusPlusToken ? `${operand}--` : `${operand}++`);
    }
    if (node.kind === ts.SyntaxKind.TrueKeyword) change(node, "false");
    if (node.kind === ts.SyntaxKind.FalseKeyword) change(node, "true");
    ts.forEachChild(node, visit);
  };
  visit(source);
  const named = namedConstants(source);
  return found.filter(({ start, before }) => {
    const isChoice = /^[\d.]/.test(before) && named.some((node) => node.pos <= start && start < node.end);
    return isChoice === constants;
  });
}

/** Declarations such as `const MOST_PASSES = 20_000` on the file's top level. */
function namedConstants(source: ts.SourceFile): readonly ts.Node[] {
  return source.statements
    .filter((statement) => ts.isVariableStatement(statement))
    .flatMap(({ declarationList }) => declarationList.declarations)
    .filter(({ name }) => /^[A-Z][A-Z0-9_]*$/.test(name.getText(source)));
}

function isText(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}
