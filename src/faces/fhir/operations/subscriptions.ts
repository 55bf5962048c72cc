import type { Parameters, ParametersParameter } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import type { EventRange, PayloadContent } from '../../../notify';
import type { Handler, Operation } from '../interaction';
import { target } from '../target';
import { readInputs, type Inputs } from './inputs';

const IG = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription';
const CONTENTS = ['empty', 'id-only', 'full-resource'];

/** http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status */
const status: Handler = async (context, request) => {
  const inputs = readInputs(request, ['id', 'status']);
  const ids = request.id === undefined ? inputs.texts('id') : [request.id];
  const statuses = request.id === undefined ? inputs.texts('status') : [];
  const found = await context.subscriptions.status(request.x.principal.viewer, ids, statuses);
  return {
    status: 200,
    resource: {
      resourceType: 'Bundle',
      type: 'searchset',
      total: found.length,
      entry: found.map((resource) => ({
        fullUrl: `urn:uuid:${resource.id ?? ''}`,
        resource,
        search: { mode: 'match' },
      })),
    },
  };
};

/** http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events */
const events: Handler = async (context, request) => {
  const inputs = readInputs(request, ['eventsSinceNumber', 'eventsUntilNumber', 'content']);
  const content = inputs.text('content');
  if (content !== undefined && !CONTENTS.includes(content))
    throw new ProblemError('malformed', `content must be one of ${CONTENTS.join(', ')}.`);
  const { viewer } = request.x.principal;
  const bundle = await context.subscriptions.events(
    viewer,
    target(request).id,
    rangeOf(inputs),
    content as PayloadContent | undefined,
  );
  return { status: 200, resource: bundle };
};

/** http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-resend */
const resend: Handler = async (context, request) => {
  const inputs = readInputs(request, [
    'eventsSinceNumber',
    'eventsUntilNumber',
    'eventsSinceInstant',
    'eventsUntilInstant',
  ]);
  const range = { ...rangeOf(inputs), ...instants(inputs) };
  const count = await context.subscriptions.resend(request.x.principal.viewer, target(request).id, range);
  const diagnostics = count === 1 ? '1 event is sent again.' : `${count} events are sent again.`;
  return {
    status: 200,
    resource: {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'information', code: 'informational', diagnostics }],
    },
  };
};

/** http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-get-ws-binding-token */
const bindingToken: Handler = async (context, request) => {
  const inputs = readInputs(request, ['id']);
  const ids = request.id === undefined ? inputs.texts('id') : [request.id];
  const { token, expiration, subscriptions, url } = await context.subscriptions.bindingToken(
    request.x.principal.viewer,
    ids,
  );
  return answer([
    { name: 'token', valueString: token },
    { name: 'expiration', valueDateTime: expiration.toISOString() },
    ...subscriptions.map((id) => ({ name: 'subscription', valueString: id })),
    { name: 'websocket-url', valueUrl: url },
  ]);
};

/** A new signing secret, shown this once (decisions, "Subscriptions"). */
const rotateSecret: Handler = async (context, request) => {
  readInputs(request, []);
  return answer([
    {
      name: 'secret',
      valueString: await context.subscriptions.rotateSecret(request.x.principal.viewer, target(request).id),
    },
  ]);
};

function answer(parameter: ParametersParameter[]): { status: number; resource: Parameters } {
  return { status: 200, resource: { resourceType: 'Parameters', parameter } };
}

function rangeOf(inputs: Inputs): EventRange {
  const since = inputs.number('eventsSinceNumber');
  const until = inputs.number('eventsUntilNumber');
  return { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
}

function instants(inputs: Inputs): EventRange {
  const since = instantOf(inputs, 'eventsSinceInstant');
  const until = instantOf(inputs, 'eventsUntilInstant');
  return {
    ...(since !== undefined && { sinceInstant: since }),
    ...(until !== undefined && { untilInstant: until }),
  };
}

function instantOf(inputs: Inputs, name: string): Date | undefined {
  const text = inputs.text(name);
  if (text === undefined) return undefined;
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime()))
    throw new ProblemError('malformed', `${name} must be an instant such as 2026-11-22T01:12:09Z.`);
  return instant;
}

const base = { system: false, types: ['Subscription'], type: false, instance: true } as const;

/** The Backport's operations, and ours for the signing secret. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/artifacts.html */
export const SUBSCRIPTIONS: readonly Operation[] = [
  {
    ...base,
    name: 'status',
    definition: `${IG}-status`,
    type: true,
    safe: true,
    permission: 'r',
    handle: status,
  },
  { ...base, name: 'events', definition: `${IG}-events`, safe: true, permission: 'r', handle: events },
  { ...base, name: 'resend', definition: `${IG}-resend`, safe: false, permission: 'u', handle: resend },
  {
    ...base,
    name: 'get-ws-binding-token',
    definition: `${IG}-get-ws-binding-token`,
    type: true,
    safe: true,
    permission: 'r',
    handle: bindingToken,
  },
  {
    ...base,
    name: 'rotate-secret',
    definition: 'https://crosswalk.example/fhir/OperationDefinition/Subscription-rotate-secret',
    safe: false,
    permission: 'u',
    handle: rotateSecret,
  },
];
