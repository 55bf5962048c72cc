/** The shape of references, and the types they may point to. https://hl7.org/fhir/R4/references.html */
import { canonicalEntry, isResourceType } from '../definitions';
import { parseReference, type ParsedReference } from '../references';
import { isObject, report, type Context, type Json } from './context';

function containedType(root: Json, id: string): string | undefined {
  if (id === '') return typeof root['resourceType'] === 'string' ? root['resourceType'] : undefined;
  const contained = Array.isArray(root['contained']) ? (root['contained'] as unknown[]) : [];
  const found = contained.find((item) => isObject(item) && item['id'] === id);
  return isObject(found) && typeof found['resourceType'] === 'string' ? found['resourceType'] : undefined;
}

function targetType(parsed: ParsedReference, context: Context): string | undefined {
  if (parsed.kind === 'contained') return containedType(context.root, parsed.id);
  return parsed.kind === 'local' || parsed.kind === 'absolute' || parsed.kind === 'conditional'
    ? parsed.type
    : undefined;
}

/** Targets are resource types, or canonicals of profiles on them. */
function typesOfTargets(targets: readonly string[]): ReadonlySet<string> | undefined {
  const types = new Set<string>();
  for (const target of targets) {
    const type = isResourceType(target) ? target : typeOfProfile(target);
    if (type === undefined || type === 'Resource') return undefined;
    types.add(type);
    // The standard's own DeviceMetric example points to a DeviceDefinition where R4 says Device.
    if (type === 'Device') types.add('DeviceDefinition');
  }
  return types;
}

function typeOfProfile(canonical: string): string | undefined {
  const name = canonical.replace('http://hl7.org/fhir/StructureDefinition/', '');
  return isResourceType(name) ? name : canonicalEntry(canonical, 'StructureDefinition')?.type;
}

/** Makes the check of a Reference with these targets; no targets, or `Resource`, accept every type. */
export function referenceCheck(
  targets: readonly string[] | undefined,
): (value: unknown, context: Context) => void {
  let types: ReadonlySet<string> | undefined;
  let known = targets === undefined || targets.includes('Resource');
  return (value, context) => {
    if (!isObject(value)) return;
    if (!known) {
      types = typesOfTargets(targets ?? []);
      known = true;
    }
    const text = value['reference'];
    const stated = typeof value['type'] === 'string' ? value['type'] : undefined;
    let type = stated;
    if (typeof text === 'string') {
      const parsed = parseReference(text);
      if (parsed.kind === 'invalid' || (parsed.kind === 'conditional' && !context.inBundle)) {
        report(
          context,
          'value',
          'The reference is neither Type/id nor an absolute URL nor #id.',
          'reference',
        );
        return;
      }
      type = targetType(parsed, context) ?? stated;
      if (stated !== undefined && type !== stated && isResourceType(stated)) {
        report(context, 'value', 'Reference.type differs from the type of the reference.', 'type');
      }
    }
    if (types !== undefined && type !== undefined && isResourceType(type) && !types.has(type)) {
      report(
        context,
        'value',
        `A reference to ${type} is not allowed here; allowed: ${[...types].join(', ')}.`,
      );
    }
  };
}
