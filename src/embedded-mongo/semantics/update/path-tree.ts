import { CommandError } from '../value';

interface Node {
  readonly children: Map<string, Node>;
  end: boolean;
}

/** The paths of one update, to find two of which one is the other or lies above it. */
export class PathTree {
  private readonly root: Node = { children: new Map(), end: false };
  private readonly message: (path: string, conflict: string) => string;

  constructor(message: (path: string, conflict: string) => string) {
    this.message = message;
  }

  /** @throws CommandError 40 when the path conflicts with one added before */
  add(parts: readonly string[]): void {
    let node = this.root;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as string;
      if (node.end || mixes(node, part)) throw this.conflict(parts, i);
      let child = node.children.get(part);
      if (!child) {
        child = { children: new Map(), end: false };
        node.children.set(part, child);
      }
      node = child;
    }
    if (node.end || node.children.size > 0) throw this.conflict(parts, parts.length);
    node.end = true;
  }

  private conflict(parts: readonly string[], length: number): CommandError {
    return new CommandError(40, this.message(parts.join('.'), parts.slice(0, length).join('.')));
  }
}

/** Below one array, `$[...]` and other components cannot be told apart before the document is known. */
function mixes(node: Node, part: string): boolean {
  const [known] = node.children.keys();
  return known !== undefined && known.startsWith('$[') !== part.startsWith('$[');
}
