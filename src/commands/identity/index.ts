import type { Command } from 'commander';
import { registerClientCommands } from './clients';
import type { OpenHouse } from './house';
import { registerKeyCommands } from './keys';
import { registerPracticeCommands } from './practices';
import { registerProviderCommands } from './providers';
import { registerUserCommands } from './users';

export { audited, type House, type OpenHouse, type SecurityChange } from './house';
export { milliseconds } from './keys';

/** The operator's commands on practices, keys, users, providers and clients. Failures reject: the caller words and counts them. */
export function registerIdentityCommands(program: Command, openHouse: OpenHouse): void {
  registerPracticeCommands(program, openHouse);
  registerKeyCommands(program, openHouse);
  registerUserCommands(program, openHouse);
  registerProviderCommands(program, openHouse);
  registerClientCommands(program, openHouse);
}
