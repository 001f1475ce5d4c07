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

/** All changes of a file. What only words an error, and types, are left alone. */
export function changesOf(file: string, text: string): Change[] {
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
  return found;
}

function isText(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
}
