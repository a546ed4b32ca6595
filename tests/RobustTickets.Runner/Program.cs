// Runs tests on a machine without a .NET SDK (benchmarks/gpu.sh takes it there):
// RobustTickets.Runner ASSEMBLY.dll [PART OF A FULL NAME]... The exit code is 1 when a test failed
// or none ran.
using Xunit.Runners;

if (args.Length == 0 || !File.Exists(args[0]))
{
    Console.Error.WriteLine("usage: RobustTickets.Runner ASSEMBLY.dll [PART OF A FULL NAME]...");
    return 2;
}
var parts = args[1..];
int passed = 0,
    failed = 0,
    skipped = 0;
using var finished = new ManualResetEventSlim();
using var runner = AssemblyRunner.WithoutAppDomain(args[0]);
if (parts.Length > 0)
    runner.TestCaseFilter = test =>
        parts.Any(part =>
            $"{test.TestMethod.TestClass.Class.Name}.{test.TestMethod.Method.Name}".Contains(
                part,
                StringComparison.Ordinal
            )
        );
runner.OnTestPassed = _ => passed++;
runner.OnTestSkipped = test =>
{
    skipped++;
    Console.WriteLine($"SKIPPED {test.TestDisplayName}: {test.SkipReason}");
};
runner.OnTestFailed = test =>
{
    failed++;
    Console.WriteLine(
        $"FAILED {test.TestDisplayName}\n{test.ExceptionType}: {test.ExceptionMessage}\n{test.ExceptionStackTrace}"
    );
};
runner.OnErrorMessage = error =>
{
    failed++;
    Console.WriteLine(
        $"BROKEN {error.MesssageType} {error.ExceptionType}: {error.ExceptionMessage}\n{error.ExceptionStackTrace}"
    );
};
runner.OnExecutionComplete = _ => finished.Set();

// One test after another: there is one GPU.
runner.Start(new AssemblyRunnerStartOptions { Parallel = false });
finished.Wait();
SpinWait.SpinUntil(() => runner.Status == AssemblyRunnerStatus.Idle, TimeSpan.FromSeconds(30));
Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
return failed > 0 || passed == 0 ? 1 : 0;
