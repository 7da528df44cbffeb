import { jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { version as programVersion } from '../../base/version.ts'
import { type Command, type JsonOption, jsonOption } from '../command.ts'

export const version: Command<[], JsonOption> = {
  declare: (syntax) => syntax.option(...jsonOption),
  run(_, { json }, io) {
    const { versions, platform, arch } = process
    if (json) io.stdout.write(`${jsonLine({ kind: 'version', version: programVersion, node: versions.node, platform, arch })}\n`)
    else io.stdout.write(`log2table ${programVersion} (Node ${versions.node}, ${platform} ${arch})\n`)
    return exitStatus.done
  },
}
