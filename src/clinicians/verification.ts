/** What can be checked of a provider's numbers without asking anybody. Nothing of it refuses: a person verifies. */
export interface ProviderNumbers {
  npiNumber: string;
  deaNumber?: string | null;
  lastName: string;
  licenseExpiry?: string | null;
}

/** What whoever verifies the provider has to look at; empty when all is well. */
export function verificationFindings(numbers: ProviderNumbers, today: string): string[] {
  const { npiNumber, deaNumber, lastName, licenseExpiry } = numbers;
  const findings: string[] = [];
  if (!isNpi(npiNumber)) findings.push('The check digit of the NPI is wrong.');
  if (deaNumber && !isDea(deaNumber)) findings.push('The check digit of the DEA number is wrong.');
  if (deaNumber && deaNumber[1]?.toUpperCase() !== lastName[0]?.toUpperCase() && deaNumber[1] !== '9') {
    findings.push('The second letter of the DEA number is not the first of the last name.');
  }
  if (licenseExpiry && licenseExpiry < today) findings.push('The license has expired.');
  return findings;
}

/** Luhn over 80840 and the number. https://www.cms.gov/Regulations-and-Guidance/Administrative-Simplification/NationalProvIdentStand */
function isNpi(npi: string): boolean {
  const digits = [...`80840${npi}`].reverse().map(Number);
  const sum = digits.reduce((total, digit, i) => {
    const value = i % 2 === 0 ? digit : digit * 2;
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** The seventh digit is the last one of d1 + d3 + d5 + 2 (d2 + d4 + d6). */
function isDea(dea: string): boolean {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, check] = [...dea.slice(2)].map(Number);
  return (a + c + e + 2 * (b + d + f)) % 10 === check;
}
