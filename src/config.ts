import ipaddr from 'ipaddr.js';
import { resolve } from 'node:path';
import type { TraceSettings } from './telemetry';

/** What the environment says, typed. docs/operators.md explains each variable. */
export interface Config {
  port: number;
  host: string;
  /** Base of links and issuer of tokens, without a slash at the end. */
  publicUrl: string;
  dataDir: string;
  /** Production database; undefined means the embedded one in `dataDir`. */
  mongodbUri: string | undefined;
  workers: number;
  fhirAuth: boolean;
  /** CIDRs from which the Dermifi face may be called; empty allows all. */
  ipAllowlist: readonly string[];
  /** Origins whose pages may call the APIs; `*` for all. */
  corsOrigins: readonly string[];
  /** Number of proxies in front whose X-Forwarded-For is believed. */
  trustProxy: number;
  /** CIDRs that outgoing calls may reach although private. */
  webhookAllowPrivate: readonly string[];
  /** Days that finished deliveries and their attempts are kept. */
  webhookKeepDays: number;
  auditReads: 'strict' | 'async';
  /** Whether the words of whole resources are indexed for `_content`. */
  contentIndex: boolean;
  /** Seals secrets in the database; undefined: a key is kept in `dataDir`. */
  masterKey: string | undefined;
  production: boolean;
  logLevel: string;
  /** Where traces go; undefined: none are made. */
  traces: TraceSettings | undefined;
}

/** A variable that cannot be understood, or a start that cannot go on: one line for the operator, exit code 1. */
export class StartError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the operator's contract; throws StartError naming the variable. */
export function readConfig(env: Environment): Config {
  const port = integer(env, 'PORT', 8080, 0, 65_535);
  const host = text(env, 'HOST') ?? '127.0.0.1';
  const fhirAuth = oneOf(env, 'FHIR_AUTH', ['on', 'off'], 'on') === 'on';
  if (!fhirAuth && !isLoopback(host)) {
    throw new StartError(
      'FHIR_AUTH=off opens the record to everybody: it is refused unless HOST is a loopback address.',
    );
  }
  return {
    port,
    host,
    publicUrl: publicUrl(env, host, port),
    dataDir: resolve(text(env, 'DATA_DIR') ?? './data'),
    mongodbUri: mongodbUri(env),
    workers: integer(env, 'WORKERS', 1, 1, 256),
    fhirAuth,
    ipAllowlist: cidrs(env, 'IP_ALLOWLIST'),
    corsOrigins: origins(env, 'CORS_ORIGINS'),
    trustProxy: integer(env, 'TRUST_PROXY', 0, 0, 32),
    webhookAllowPrivate: cidrs(env, 'WEBHOOK_ALLOW_PRIVATE'),
    webhookKeepDays: integer(env, 'WEBHOOK_KEEP_DAYS', 30, 1, 3650),
    auditReads: oneOf(env, 'AUDIT_READS', ['strict', 'async'], 'strict'),
    contentIndex: oneOf(env, 'CONTENT_INDEX', ['on', 'off'], 'off') === 'on',
    masterKey: text(env, 'CROSSWALK_MASTER_KEY'),
    production: env.NODE_ENV === 'production',
    logLevel: oneOf(env, 'LOG_LEVEL', ['silent', 'error', 'warn', 'info', 'debug'], 'warn'),
    traces: traces(env),
  };
}

const PROTOCOLS = ['http/json', 'http/protobuf'] as const;

/**
 * The variables of the OpenTelemetry specification that decide whether and where traces go; the SDK reads the others
 * itself. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
function traces(env: Environment): TraceSettings | undefined {
  const own = webAddress(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const base = webAddress(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
  const url = own ?? (base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/traces`);
  const isDisabled = oneOf(env, 'OTEL_SDK_DISABLED', ['true', 'false'], 'false') === 'true';
  if (url === undefined || isDisabled) return undefined;
  if (oneOf(env, 'OTEL_TRACES_EXPORTER', ['otlp', 'none'], 'otlp') === 'none') return undefined;
  const protocol = oneOf(env, 'OTEL_EXPORTER_OTLP_PROTOCOL', PROTOCOLS, 'http/json');
  return { url, protocol: oneOf(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', PROTOCOLS, protocol) };
}

/** Host as it stands in a URL (IPv6 in brackets). */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

function integer(env: Environment, name: string, fallback: number, low: number, high: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < low || number > high) {
    throw new StartError(`${name} must be a whole number from ${low} to ${high}, but is "${value}".`);
  }
  return number;
}

function oneOf<T extends string>(env: Environment, name: string, allowed: readonly T[], fallback: T): T {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const found = allowed.find((each) => each === value.toLowerCase());
  if (found === undefined)
    throw new StartError(`${name} must be one of ${allowed.join(', ')}, but is "${value}".`);
  return found;
}

/** Browsers compare origins as text: scheme, host and port, and nothing behind them. */
function origins(env: Environment, name: string): string[] {
  const list = (text(env, name) ?? '').split(/[\s,]+/).filter((each) => each !== '');
  for (const each of list) {
    if (each !== '*' && (!URL.canParse(each) || new URL(each).origin !== each))
      throw new StartError(
        `${name} takes origins such as https://app.example.com, separated by commas, or *, but has "${each}".`,
      );
  }
  return list;
}

function cidrs(env: Environment, name: string): string[] {
  const list = (text(env, name) ?? '').split(/[\s,]+/).filter((each) => each !== '');
  for (const each of list) {
    if (!ipaddr.isValidCIDR(each) && !ipaddr.isValid(each)) {
      throw new StartError(
        `${name} takes addresses in CIDR form such as 10.0.0.0/8, separated by commas, but has "${each}".`,
      );
    }
  }
  return list.map((each) =>
    each.includes('/') ? each : `${each}/${ipaddr.parse(each).kind() === 'ipv4' ? 32 : 128}`,
  );
}

function publicUrl(env: Environment, host: string, port: number): string {
  const value = webAddress(env, 'PUBLIC_URL');
  if (value === undefined) {
    const own = `http://${urlHost(host)}:${port}`;
    if (!URL.canParse(own))
      throw new StartError(`HOST must be an address or a host's name, but is "${host}".`);
    return own;
  }
  const { username, password } = new URL(value);
  if (/[?#]/.test(value) || username !== '' || password !== '')
    throw new StartError('PUBLIC_URL begins links: it takes no query, no fragment and no password.');
  return value.replace(/\/+$/, '');
}

function webAddress(env: Environment, name: string): string | undefined {
  const value = text(env, name);
  if (value === undefined) return undefined;
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol))
    throw new StartError(`${name} must be an http or https address, but is "${value}".`);
  return value;
}

function mongodbUri(env: Environment): string | undefined {
  const value = text(env, 'MONGODB_URI');
  if (value !== undefined && !/^mongodb(\+srv)?:\/\//.test(value)) {
    throw new StartError('MONGODB_URI must begin with mongodb:// or mongodb+srv://.');
  }
  return value;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.parse(host).range() === 'loopback');
}
