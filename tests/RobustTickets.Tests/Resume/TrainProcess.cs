// The built program training in a process of its own, watched through the files it writes and ended
// by real signals.
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using RobustTickets.Tests.CommandLine;

namespace RobustTickets.Tests.Resume;

internal sealed class TrainProcess : IDisposable
{
    public const int SigInt = 2,
        SigKill = 9,
        SigTerm = 15,
        SigCont = 18,
        SigStop = 19;

    // A guard against a hang of the program, not a measure of its speed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    public TrainProcess(IEnumerable<string> arguments)
    {
        // A shell starts its background jobs deaf to SIGINT and their children inherit it; this
        // test is about programs that hear it. env becomes dotnet, so the process is the same.
        var start = new ProcessStartInfo("env")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add("--default-signal=INT");
        start.ArgumentList.Add("dotnet");
        start.ArgumentList.Add(CommandLine.CommandLine.Program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        // What the test host sets for itself is not what a user has.
        foreach (
            var name in start
                .Environment.Keys.Where(name =>
                    name.StartsWith("DOTNET_", StringComparison.Ordinal) && name != "DOTNET_ROOT"
                )
                .ToList()
        )
            start.Environment.Remove(name);
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The process's number.</summary>
    public int Id => _process.Id;

    /// <summary>
    /// Waits until something is so, then sends a signal; the program may have ended before.
    /// </summary>
    public CommandResult SignalWhen(Func<bool> isSo, int signal)
    {
        var clock = Stopwatch.StartNew();
        while (!_process.HasExited && !isSo())
        {
            if (clock.Elapsed > Patience)
                throw new TimeoutException(
                    $"the program neither ended nor came to the moment awaited within {Patience}"
                );
            Thread.Sleep(1);
        }
        if (!_process.HasExited && Kill(_process.Id, signal) != 0 && !_process.HasExited)
            throw new Win32Exception();
        return End();
    }

    /// <summary>Waits for the end.</summary>
    public CommandResult End()
    {
        if (!_process.WaitForExit(Patience))
            throw new TimeoutException($"the program did not end within {Patience}");
        return new CommandResult(_process.ExitCode, _output.Result, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static extern int Kill(int process, int signal);
}
