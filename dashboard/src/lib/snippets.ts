import type { Wire } from '../api/client';

/** What an example needs to know. The secret itself is never in one: it stays in an environment variable. */
export interface Call {
  url: string;
  scheme: Wire['Scheme'];
  publicId: string;
  variable: string;
}

export interface Snippet {
  language: string;
  title: string;
  code: string;
}

/** A line for `.env`. */
export function envLine(variable: string, secret: string): string {
  return `${variable}=${secret}`;
}

/** What stands in the Authorization header, for the two columns of keys that stay readable. */
export function authorization(scheme: Wire['Scheme'], secret: string): string {
  return scheme.type === 'basic' ? `Basic ${btoa(secret)}` : `Bearer ${secret}`;
}

/** The first address of an example call: the account's region's own host where the API has regions. */
export function baseUrl(api: Wire['Api'], hosts: readonly string[]): string {
  const host = hosts[0];
  if (api.url_configured || host === undefined) return api.url;
  return `https://${host}${new URL(api.url).pathname.replace(/\/$/, '')}`;
}

interface Header {
  name: string;
  /** A literal, or how the language reads the secret. */
  literal?: string;
  encoded?: boolean;
  before?: string;
}

function headers({ scheme, publicId }: Call): Header[] {
  switch (scheme.type) {
    case 'bearer':
      return [{ name: 'Authorization', before: 'Bearer ' }];
    case 'basic':
      return [{ name: 'Authorization', before: 'Basic ', encoded: true }];
    case 'header':
      return [{ name: headerName(scheme.name) }];
    case 'pair':
      return [{ name: headerName(scheme.account), literal: publicId }, { name: headerName(scheme.secret) }];
  }
}

/** Header names are sent in any case; people know them with capitals. */
export function headerName(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

export function snippets(call: Call): Snippet[] {
  return [curl(call), python(call), javascript(call), ruby(call), go(call), rust(call)];
}

function curl(call: Call): Snippet {
  const lines = headers(call).map((header) => {
    if (header.literal !== undefined) return `  -H '${header.name}: ${header.literal}'`;
    const secret = header.encoded ? `$(printf %s "$${call.variable}" | base64 -w 0)` : `$${call.variable}`;
    return `  -H "${header.name}: ${header.before ?? ''}${secret}"`;
  });
  return { language: 'curl', title: 'curl', code: [`curl '${call.url}'`, ...lines].join(' \\\n') };
}

function python(call: Call): Snippet {
  const encodes = headers(call).some((header) => header.encoded);
  const lines = headers(call).map((header) => {
    if (header.literal !== undefined) return `        "${header.name}": "${header.literal}",`;
    if (header.encoded) return `        "${header.name}": "Basic " + base64.b64encode(secret.encode()).decode(),`;
    return `        "${header.name}": ${header.before ? `f"${header.before}{secret}"` : 'secret'},`;
  });
  const code = [
    ...(encodes ? ['import base64'] : []),
    'import os',
    'import urllib.request',
    '',
    `secret = os.environ["${call.variable}"]`,
    'request = urllib.request.Request(',
    `    "${call.url}",`,
    '    headers={',
    ...lines,
    '    },',
    ')',
    'with urllib.request.urlopen(request) as response:',
    '    print(response.read().decode())',
  ];
  return { language: 'python', title: 'Python', code: code.join('\n') };
}

function javascript(call: Call): Snippet {
  const lines = headers(call).map((header) => {
    if (header.literal !== undefined) return `    '${header.name}': '${header.literal}',`;
    if (header.encoded) return `    '${header.name}': 'Basic ' + Buffer.from(secret).toString('base64'),`;
    return `    '${header.name}': ${header.before ? `\`${header.before}\${secret}\`` : 'secret'},`;
  });
  const code = [
    `const secret = process.env.${call.variable};`,
    `const response = await fetch('${call.url}', {`,
    '  headers: {',
    ...lines,
    '  },',
    '});',
    'console.log(response.status, await response.text());',
  ];
  return { language: 'javascript', title: 'JavaScript', code: code.join('\n') };
}

function ruby(call: Call): Snippet {
  const lines = headers(call).map((header) => {
    if (header.literal !== undefined) return `request["${header.name}"] = "${header.literal}"`;
    if (header.encoded) return `request["${header.name}"] = "Basic " + [secret].pack("m0")`;
    return `request["${header.name}"] = ${header.before ? `"${header.before}#{secret}"` : 'secret'}`;
  });
  const code = [
    'require "net/http"',
    '',
    `secret = ENV.fetch("${call.variable}")`,
    `uri = URI("${call.url}")`,
    'request = Net::HTTP::Get.new(uri)',
    ...lines,
    'response = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == "https") { |http| http.request(request) }',
    'puts response.code, response.body',
  ];
  return { language: 'ruby', title: 'Ruby', code: code.join('\n') };
}

function go(call: Call): Snippet {
  const encodes = headers(call).some((header) => header.encoded);
  const lines = headers(call).map((header) => {
    if (header.literal !== undefined) return `\trequest.Header.Set("${header.name}", "${header.literal}")`;
    const secret = header.encoded ? 'base64.StdEncoding.EncodeToString([]byte(secret))' : 'secret';
    return `\trequest.Header.Set("${header.name}", ${header.before ? `"${header.before}"+${secret}` : secret})`;
  });
  const code = [
    'package main',
    '',
    'import (',
    ...(encodes ? ['\t"encoding/base64"'] : []),
    '\t"io"',
    '\t"log"',
    '\t"net/http"',
    '\t"os"',
    ')',
    '',
    'func main() {',
    `\tsecret := os.Getenv("${call.variable}")`,
    `\trequest, err := http.NewRequest("GET", "${call.url}", nil)`,
    '\tif err != nil {',
    '\t\tlog.Fatal(err)',
    '\t}',
    ...lines,
    '\tresponse, err := http.DefaultClient.Do(request)',
    '\tif err != nil {',
    '\t\tlog.Fatal(err)',
    '\t}',
    '\tdefer response.Body.Close()',
    '\tio.Copy(os.Stdout, response.Body)',
    '}',
  ];
  return { language: 'go', title: 'Go', code: code.join('\n') };
}

function rust(call: Call): Snippet {
  const encodes = headers(call).some((header) => header.encoded);
  const lines = headers(call).map((header) => {
    if (header.literal !== undefined) return `        .header("${header.name}", "${header.literal}")`;
    if (header.encoded)
      return `        .header("${header.name}", format!("Basic {}", BASE64_STANDARD.encode(&secret)))`;
    return `        .header("${header.name}", ${header.before ? `format!("${header.before}{secret}")` : '&secret'})`;
  });
  const code = [
    `// cargo add reqwest --features blocking${encodes ? '; cargo add base64' : ''}`,
    ...(encodes ? ['use base64::prelude::*;', ''] : []),
    'fn main() -> Result<(), Box<dyn std::error::Error>> {',
    `    let secret = std::env::var("${call.variable}")?;`,
    '    let response = reqwest::blocking::Client::new()',
    `        .get("${call.url}")`,
    ...lines,
    '        .send()?;',
    '    println!("{}", response.text()?);',
    '    Ok(())',
    '}',
  ];
  return { language: 'rust', title: 'Rust', code: code.join('\n') };
}
