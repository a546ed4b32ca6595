// The commands of the job files, as Slurm and Kubernetes would start them, at once on one folder:
// one process is killed and started again, one stands still until its cell is taken over. The
// tables and every run equal those of a process alone, and no cell is made twice.
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RobustTickets.Cli;
using RobustTickets.Testing;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed partial class SharedFolderTests : IDisposable
{
    private const int LeaseSeconds = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string Jobs = Path.Combine(Golden.RepositoryRoot, "docs", "jobs");

    private readonly TinyExperiment _tiny = new();
    private readonly List<Job> _jobs = [];

    public SharedFolderTests()
    {
        var json = TinyExperiment.Json();
        json["data"]![0]!["name"] = "sst2";
        // Long enough to be hit in the middle.
        json["set"] = new JsonArray("retrain.epochs=6", "retrain.optimizer.learning-rate=1e-3");
        File.WriteAllText(_tiny.FilePath, json.ToJsonString());
    }

    public void Dispose()
    {
        foreach (var job in _jobs)
            job.Dispose();
        _tiny.Dispose();
    }

    [Fact]
    public void Processes_of_job_files_share_the_cells_through_a_kill_and_a_standstill()
    {
        var whole = _tiny.Task.Below("whole");
        var alone = TinyExperiment.RunOf(Pod(whole)[1..]);
        Assert.True(alone.Code == ExitCodes.Ok, alone.Error);

        var output = _tiny.Task.Below("shared");
        var (killed, still) = (Task(output), Start(Pod(output)));
        var third = Task(output);
        Until(() => HoldsCell(output, killed), killed, third);
        Assert.Equal(0, TrainProcess.Kill(killed.Id, TrainProcess.SigKill));
        var again = Task(output);

        // Stopped while it holds a cell, and seen to be so afterwards.
        Until(
            () =>
            {
                if (!HoldsCell(output, still))
                    return false;
                Assert.Equal(0, TrainProcess.Kill(still.Id, TrainProcess.SigStop));
                if (HoldsCell(output, still))
                    return true;
                Assert.Equal(0, TrainProcess.Kill(still.Id, TrainProcess.SigCont));
                return false;
            },
            still
        );
        // As on a file system without locks: no process has one.
        Assert.DoesNotContain(
            File.ReadAllLines("/proc/locks"),
            line => Regex.IsMatch(line, $@"FLOCK\s+\S+\s+\S+\s+{still.Id} ")
        );
        // A busy machine may have made it silent before.
        var silent =
            $"process {still.Id} on {Environment.MachineName} has not renewed its lease for {LeaseSeconds} seconds";
        int Silences() => new[] { third, again }.Sum(j => Regex.Count(j.Log, Regex.Escape(silent)));
        var before = Silences();
        Until(() => Silences() > before, third, again);
        Assert.Equal(0, TrainProcess.Kill(still.Id, TrainProcess.SigCont));
        Job[] ending = [still, third, again];
        Assert.All(ending, job => Assert.True(job.End() == ExitCodes.Ok, job.Log));
        Assert.True(still.Log.Contains("was taken over by process", StringComparison.Ordinal), still.Log);

        AssertSame(whole, output);
        var made = _jobs.SelectMany(j => Made().Matches(j.Log)).Select(m => m.Groups[1].Value).ToArray();
        Assert.Equal(made.Distinct().Count(), made.Length);
        var cells = JsonNode.Parse(File.ReadAllText(TinyExperiment.Table(whole, "cells.json")))!["cells"]!.AsObject();
        // The killed one may have come to an end without being able to say so.
        Assert.InRange(made.Length, cells.Count - 1, cells.Count);
        Assert.Empty(Directory.Exists(Path.Combine(output, "failures")) ? ["failures"] : Array.Empty<string>());
    }

    [GeneratedRegex(@"(?m)^done: (\S+)$")]
    private static partial Regex Made();

    private static void AssertSame(string whole, string shared)
    {
        foreach (var file in Directory.GetFiles(TinyExperiment.Table(whole), "*.csv", SearchOption.AllDirectories))
            Assert.Equal(
                TinyExperiment.Timeless(File.ReadAllText(file)),
                TinyExperiment.Timeless(
                    File.ReadAllText(
                        Path.Combine(
                            TinyExperiment.Table(shared),
                            Path.GetRelativePath(TinyExperiment.Table(whole), file)
                        )
                    )
                )
            );
        Assert.Equal(
            File.ReadAllText(TinyExperiment.Table(whole, "cells.json")),
            File.ReadAllText(TinyExperiment.Table(shared, "cells.json"))
        );
        var cells = Directory.GetDirectories(Path.Combine(whole, "cells"));
        Assert.Equal(
            cells.Select(Path.GetFileName).Order(),
            Directory.GetDirectories(Path.Combine(shared, "cells")).Select(Path.GetFileName).Order()
        );
        foreach (var cell in cells)
        {
            var found = Path.Combine(shared, "cells", Path.GetFileName(cell));
            Assert.Equal(RunFiles.Events(cell), RunFiles.Events(found));
            foreach (var model in Directory.GetFiles(cell, "model.safetensors", SearchOption.AllDirectories))
                Assert.Equal(
                    File.ReadAllBytes(model),
                    File.ReadAllBytes(Path.Combine(found, Path.GetRelativePath(cell, model)))
                );
            foreach (var attacks in new[] { "attacks", "attacks-control" })
            foreach (
                var attack in Directory.Exists(Path.Combine(cell, attacks))
                    ? Directory.GetDirectories(Path.Combine(cell, attacks))
                    : []
            )
                AttackFolders.AssertSame(attack, Path.Combine(found, attacks, Path.GetFileName(attack)));
            RunFiles.AssertNoLeftovers(found);
        }
    }

    private static bool HoldsCell(string output, Job job)
    {
        var leases = Path.Combine(output, "leases");
        if (!Directory.Exists(leases))
            return false;
        foreach (var folder in Directory.GetDirectories(leases))
        {
            var run = Path.Combine(output, "cells", Path.GetFileName(folder));
            try
            {
                // The highest number holds. One who has not renewed it yet may still find another
                // there before it begins.
                var newest = Directory
                    .GetFiles(folder)
                    .MaxBy(f => int.TryParse(Path.GetFileName(f), out var n) ? n : 0);
                if (
                    newest is not null
                    && Regex.IsMatch(
                        File.ReadAllText(newest),
                        $@"^process {job.Id} on {Regex.Escape(Environment.MachineName)}\nheld [1-9]"
                    )
                    && File.Exists(Path.Combine(run, "events.jsonl"))
                    // What has a result may be given back without another look at the lease.
                    && !File.Exists(Path.Combine(run, "result.json"))
                )
                    return true;
            }
            catch (IOException)
            {
                // Replaced meanwhile.
            }
        }
        return false;
    }

    private static void Until(Func<bool> isSo, params Job[] alive)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(clock.Elapsed < Patience, string.Join("\n---\n", alive.Select(j => j.Log)));
            Assert.All(alive, job => Assert.True(job.IsAlive, job.Log));
            Thread.Sleep(1);
        }
    }

    // The Slurm file as it is: a shell passes its directives over.
    private Job Task(string output) =>
        Start(
            ["bash", Path.Combine(Jobs, "experiment.sbatch")],
            new()
            {
                ["PROGRAM"] = $"dotnet {CommandLine.CommandLine.Program}",
                ["EXPERIMENT"] = _tiny.FilePath,
                ["MODEL"] = _tiny.Task.Model,
                ["SST2"] = _tiny.Task.Data,
                ["NEIGHBOURS"] = _tiny.Neighbours,
                ["OUT"] = output,
                ["LEASE"] = $"{LeaseSeconds}",
                ["SLURM_CPUS_PER_TASK"] = "1",
                ["ARGUMENTS"] = "--checkpoint-every 3",
            }
        );

    // Command and arguments of the Kubernetes file, its places those of this test.
    private string[] Pod(string output)
    {
        var places = new Dictionary<string, string>
        {
            ["/shared/experiments/table.json"] = _tiny.FilePath,
            ["/shared/models/base"] = _tiny.Task.Model,
            ["/shared/data/SST-2"] = _tiny.Task.Data,
            ["/shared/resources/neighbours.json"] = _tiny.Neighbours,
            ["/shared/tables"] = output,
        };
        var yaml = File.ReadAllLines(Path.Combine(Jobs, "experiment.yaml"));
        string[] words = [.. Items(yaml, "command:"), .. Items(yaml, "args:")];
        Assert.Equal(["robust-tickets", "experiment"], words[..2]);
        Assert.Equal(places.Count, words.Count(w => w.Contains("/shared/", StringComparison.Ordinal)));
        for (var i = 1; i < words.Length; i++)
            words[i] = words[i - 1] switch
            {
                "--threads" => "1",
                "--lease-timeout" => $"{LeaseSeconds}",
                _ => places.Aggregate(words[i], (word, p) => word.Replace(p.Key, p.Value, StringComparison.Ordinal)),
            };
        return [.. words, "--checkpoint-every", "3"];
    }

    private static string[] Items(string[] yaml, string key) =>
        [
            .. yaml.SkipWhile(l => l.Trim() != key)
                .Skip(1)
                .TakeWhile(l => l.TrimStart().StartsWith("- ", StringComparison.Ordinal))
                .Select(l => l.TrimStart()[2..].Trim('"')),
        ];

    private Job Start(string[] words, Dictionary<string, string>? environment = null)
    {
        if (words[0] == "robust-tickets")
            words = ["dotnet", CommandLine.CommandLine.Program, .. words[1..]];
        var job = new Job(words, environment ?? [], _tiny.Task.Below($"job-{_jobs.Count}.log"));
        _jobs.Add(job);
        return job;
    }

    /// <summary>A process whose words are read from a file while it runs.</summary>
    private sealed class Job : IDisposable
    {
        private readonly Process _process;
        private readonly string _log;

        public Job(string[] words, Dictionary<string, string> environment, string log)
        {
            _log = log;
            // The shell becomes the program: one process, whose number is known.
            var start = new ProcessStartInfo("bash") { WorkingDirectory = Path.GetTempPath() };
            foreach (var word in new[] { "-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "job", log })
                start.ArgumentList.Add(word);
            foreach (var word in words)
                start.ArgumentList.Add(word);
            // What the test host sets for itself is not what a user has.
            foreach (
                var name in start.Environment.Keys.Where(n => n.StartsWith("DOTNET_") && n != "DOTNET_ROOT").ToList()
            )
                start.Environment.Remove(name);
            start.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
            foreach (var (name, value) in environment)
                start.Environment[name] = value;
            _process = Process.Start(start)!;
        }

        public int Id => _process.Id;

        public bool IsAlive => !_process.HasExited;

        public string Log
        {
            get
            {
                if (!File.Exists(_log))
                    return "";
                using var file = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                return new StreamReader(file).ReadToEnd();
            }
        }

        public int End()
        {
            if (!_process.WaitForExit(Patience))
                throw new TimeoutException(Log);
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                TrainProcess.Kill(_process.Id, TrainProcess.SigKill);
                _process.WaitForExit();
            }
            _process.Dispose();
        }
    }
}
