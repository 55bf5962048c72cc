import { propertiesOf } from '../fhir';
import type { FieldNode } from './fields';
import type { Mapping } from './mapping';
import type { Step } from './path';
import type { ResourceRow } from './table';

/**
 * Checks a table against R4: every path exists, lists are addressed as lists and single elements as such,
 * `value[x]` is spelled with its type.
 * @returns the faults, each naming the field; none when all is well.
 */
export function checkMapping(mapping: Mapping): string[] {
  const { resources } = mapping.table;
  return checkFields(mapping.fields, (step) => rootType(step, resources), resources, '');
}

type Resources = Record<string, ResourceRow>;
type Root = (step: Step) => { type: string | undefined; isList: boolean } | undefined;

function checkFields(
  fields: readonly FieldNode[],
  root: Root,
  resources: Resources,
  prefix: string,
): string[] {
  return fields.flatMap((field) => {
    const at = prefix + field.name;
    const faults = field.paths.flatMap((path) => {
      const { fault } = walk(path, root);
      return fault === undefined ? [] : [`${at}: ${fault}`];
    });
    if (field.fields === undefined) return faults;
    const [path] = field.paths;
    const inner = path === undefined ? root : below(path, root, resources);
    return inner === undefined
      ? faults
      : [...faults, ...checkFields(field.fields, inner, resources, `${at}.`)];
  });
}

function rootType(step: Step, resources: Resources): ReturnType<Root> {
  const row = resources[step.name];
  if (row === undefined) return undefined;
  return { type: 'type' in row ? row.type : undefined, isList: row.many === true };
}

/** The root for rows below a list of objects: properties of the element that the list's path leads to. */
function below(path: readonly Step[], root: Root, resources: Resources): Root | undefined {
  const row = path.length === 1 ? resources[path[0]?.name ?? ''] : undefined;
  if (row !== undefined && 'each' in row) return (step) => rootType(step, row.each);
  const { type } = walk(path, root);
  if (type === undefined) return undefined;
  return (step) => {
    const property = propertiesOf(type).get(step.name);
    return property === undefined ? undefined : { type: property.type, isList: property.isList };
  };
}

function walk(path: readonly Step[], root: Root): { type?: string; fault?: string } {
  let type: string | undefined;
  for (const [i, step] of path.entries()) {
    const found: ReturnType<Root> =
      i === 0 ? root(step) : type === undefined ? undefined : propertiesOf(type).get(step.name);
    if (found === undefined) return { fault: `there is no ${type ?? 'resource'} "${step.name}"` };
    const asList = step.slice !== undefined || step.index !== undefined;
    if (asList !== found.isList) return { fault: `"${step.name}" is ${found.isList ? '' : 'not '}a list` };
    type = found.type;
  }
  return type === undefined ? {} : { type };
}
