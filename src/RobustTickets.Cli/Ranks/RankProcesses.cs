// --ranks N: runs this command once per rank, as processes on this machine. Rank 0 has the
// terminal; lines of the others are prefixed with their rank. A line with a signal's letter, or the
// end of standard input, asks a rank to stop.
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RobustTickets.Cli.Ranks;

internal static class RankProcesses
{
    private const string Launched = "ROBUST_TICKETS_LAUNCHED";
    private const string Threads = "--threads",
        Count = "--ranks";

    // Longer than ranks need to detect that one is lost.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>Whether this process was started by <see cref="Run"/>.</summary>
    public static bool IsChild => Environment.GetEnvironmentVariable(Launched) == "1";

    /// <summary>
    /// In a process started by <see cref="Run"/>: stops when the parent asks or exits.
    /// </summary>
    public static void Obey(CliContext context)
    {
        if (!IsChild)
            return;
        new Thread(() =>
        {
            using var line = Console.OpenStandardInput();
            int letter;
            try
            {
                letter = line.ReadByte();
            }
            catch (IOException)
            {
                letter = -1;
            }
            context.Stop.Ask(letter == 'I' ? PosixSignal.SIGINT : PosixSignal.SIGTERM);
        })
        {
            IsBackground = true,
        }.Start();
    }

    /// <summary>Starts the ranks and waits for them.</summary>
    /// <returns>0, or the exit code of the first rank that failed; 1 if it was killed.</returns>
    /// <exception cref="OperationCanceledException">The ranks were cancelled and have
    /// stopped.</exception>
    public static int Run(CliContext context, int ranks)
    {
        var port = FreePort();
        var processes = new List<Process>();
        try
        {
            for (var rank = 0; rank < ranks; rank++)
                processes.Add(Start(context, rank, ranks, port));
            return AwaitAll(context, processes);
        }
        finally
        {
            foreach (var process in processes)
            {
                if (!process.HasExited)
                    process.Kill();
                process.WaitForExit();
                process.Dispose();
            }
        }
    }

    /// <summary>The arguments of a rank: those of this process without --ranks.</summary>
    /// <param name="arguments">Arguments of this process.</param>
    /// <param name="threads">Threads per rank unless given.</param>
    internal static IReadOnlyList<string> ArgumentsOf(IReadOnlyList<string> arguments, int threads)
    {
        var own = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == Count)
                i++;
            else if (!Is(arguments[i], Count))
                own.Add(arguments[i]);
        }
        if (!own.Exists(a => a == Threads || Is(a, Threads)))
            own.AddRange([Threads, threads.ToString(CultureInfo.InvariantCulture)]);
        return own;

        static bool Is(string argument, string option) =>
            argument.StartsWith(option + "=", StringComparison.Ordinal)
            || argument.StartsWith(option + ":", StringComparison.Ordinal);
    }

    private static int AwaitAll(CliContext context, List<Process> processes)
    {
        (int Rank, int Code)? failed = null;
        var told = false;
        var since = new Stopwatch();
        while (processes.Exists(p => !p.HasExited))
        {
            if (context.Stop.Token.IsCancellationRequested && !told)
            {
                told = true;
                foreach (var process in processes)
                    Tell(process, context.Stop.ExitCode == ExitCodes.Terminated ? 'T' : 'I');
            }
            Note();
            if (failed is not null && since.Elapsed > Patience)
                return End(context, failed.Value);
            Thread.Sleep(20);
        }
        Note();
        if (told && (processes[0].ExitCode is ExitCodes.Interrupted or ExitCodes.Terminated))
            throw new OperationCanceledException("the ranks were stopped");
        return failed is null ? ExitCodes.Ok : End(context, failed.Value);

        void Note()
        {
            if (
                failed is not null
                || processes.FindIndex(p => p.HasExited && p.ExitCode != 0) is not (>= 0 and var rank)
            )
                return;
            failed = (rank, processes[rank].ExitCode);
            since.Start();
            if (!told)
                context.Error.WriteLine($"rank {rank} (process {processes[rank].Id}) {How(processes[rank].ExitCode)}");
        }
    }

    private static int End(CliContext context, (int Rank, int Code) failed) =>
        failed.Code is > 0 and <= ExitCodes.ExportVerification ? failed.Code
        : failed.Code is ExitCodes.Interrupted or ExitCodes.Terminated && context.Stop.Token.IsCancellationRequested
            ? failed.Code
        : ExitCodes.Failure;

    private static string How(int code) =>
        code > 128 ? $"was terminated by signal {code - 128}" : $"exited with code {code}";

    private static void Tell(Process process, char letter)
    {
        try
        {
            process.StandardInput.Write(letter);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has exited.
        }
    }

    private static Process Start(CliContext context, int rank, int ranks, int port)
    {
        var arguments = Environment.GetCommandLineArgs();
        var self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = rank > 0,
            RedirectStandardError = rank > 0,
        };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet")
            start.ArgumentList.Add(arguments[0]);
        foreach (var argument in ArgumentsOf(arguments[1..], Math.Max(1, Environment.ProcessorCount / ranks)))
            start.ArgumentList.Add(argument);
        var world = Text(ranks);
        foreach (
            var (name, value) in new[]
            {
                (Launched, "1"),
                ("MASTER_ADDR", "127.0.0.1"),
                ("MASTER_PORT", Text(port)),
                ("RANK", Text(rank)),
                ("WORLD_SIZE", world),
                ("LOCAL_RANK", Text(rank)),
                ("LOCAL_WORLD_SIZE", world),
            }
        )
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        if (rank > 0)
        {
            process.OutputDataReceived += Pass;
            process.ErrorDataReceived += Pass;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }
        return process;

        void Pass(object sender, DataReceivedEventArgs line)
        {
            if (!string.IsNullOrEmpty(line.Data))
                lock (context)
                    context.Error.WriteLine($"[rank {rank}] {line.Data}");
        }

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
