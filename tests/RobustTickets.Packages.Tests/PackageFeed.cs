// Packs what was built into a feed of its own; restores, builds and runs programs away from the
// repository.
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using RobustTickets.Testing;

namespace RobustTickets.Packages.Tests;

/// <summary>
/// The packages of this build as a local feed, and a package cache that nobody else uses. Nothing
/// is taken from the network: the feed is the only source.
/// </summary>
public sealed class PackageFeed : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("robust-tickets-packages").FullName;

    public PackageFeed()
    {
        // The folder that this test runs from names the configuration that was built.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var solution = Path.Combine(Golden.RepositoryRoot, "RobustTickets.slnx");
        Dotnet(_root, ["pack", solution, "-c", configuration, "--no-build", "-v", "q", "-o", Feed]);
        TakeDependencies();
        Version = XDocument
            .Load(Path.Combine(Golden.RepositoryRoot, "Directory.Build.props"))
            .Descendants("Version")
            .Single()
            .Value;
        File.WriteAllText(
            Path.Combine(_root, "nuget.config"),
            $"<configuration><packageSources><clear /><add key=\"feed\" value=\"{Feed}\" /></packageSources>"
                + $"<fallbackPackageFolders><clear />{Restored}</fallbackPackageFolders></configuration>"
        );
    }

    // What the packages depend on was restored to build them: it lies in NuGet's folder, and comes
    // from there into the feed, dependencies of dependencies too.
    private void TakeDependencies()
    {
        var given = Environment.GetEnvironmentVariable("NUGET_PACKAGES");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var folder = string.IsNullOrEmpty(given) ? Path.Combine(home, ".nuget", "packages") : given;
        var waiting = new Queue<string>(Directory.GetFiles(Feed, "*.nupkg"));
        while (waiting.TryDequeue(out var package))
        {
            foreach (var (id, version) in DependenciesOf(package))
            {
                var name = $"{id}.{version}.nupkg".ToLowerInvariant();
                var source = Path.Combine(folder, id.ToLowerInvariant(), version, name);
                var target = Path.Combine(Feed, name);
                if (!File.Exists(source) || File.Exists(target))
                    continue;
                File.Copy(source, target);
                waiting.Enqueue(target);
            }
        }
    }

    private static IEnumerable<(string Id, string Version)> DependenciesOf(string package)
    {
        using var archive = ZipFile.OpenRead(package);
        using var manifest = archive
            .Entries.First(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal))
            .Open();
        return
        [
            .. XDocument
                .Load(manifest)
                .Descendants()
                .Where(e => e.Name.LocalName == "dependency")
                .Select(e => (e.Attribute("id")!.Value, e.Attribute("version")!.Value.Trim('[', ']'))),
        ];
    }

    /// <summary>The one version of the repository (Directory.Build.props).</summary>
    public string Version { get; }

    private string Feed => Path.Combine(_root, "feed");

    // Packages of others that this build has restored: read where they lie.
    private static string Restored
    {
        get
        {
            var named = Environment.GetEnvironmentVariable("NUGET_PACKAGES");
            var folder = string.IsNullOrEmpty(named)
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages")
                : named;
            return Directory.Exists(folder) ? $"<add key=\"restored\" value=\"{folder}\" />" : "";
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>
    /// A program of Programs/ copied into an empty folder, with one package reference.
    /// </summary>
    /// <param name="name">The program.</param>
    /// <param name="package">The package.</param>
    /// <param name="sample">A file of samples/ beside it, or null.</param>
    public UserProgram Program(string name, string package, string? sample = null)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        var source = Path.Combine(Golden.RepositoryRoot, "tests", "RobustTickets.Packages.Tests", "Programs", name);
        foreach (var file in Directory.GetFiles(source, "*.cs"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        if (sample is not null)
            File.Copy(Path.Combine(Golden.RepositoryRoot, "samples", sample), Path.Combine(folder, sample));
        File.WriteAllText(
            Path.Combine(folder, name + ".csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="{package}" Version="{Version}" /></ItemGroup>
            </Project>
            """
        );
        return new UserProgram(this, name, folder);
    }

    /// <summary>The tool, installed from the feed into a folder.</summary>
    public InstalledTool InstallTool()
    {
        var folder = Path.Combine(_root, "tool");
        Dotnet(_root, ["tool", "install", "robust-tickets", "--version", Version, "--tool-path", folder]);
        return new InstalledTool(this, folder);
    }

    /// <summary>
    /// Variables under which building the native library takes no minute: the build script runs as
    /// it is, but its cmake copies the library that this suite runs on.
    /// </summary>
    public IEnumerable<(string, string)> Compiler()
    {
        const string name = "librobust_tickets_torch.so";
        var given = Environment.GetEnvironmentVariable("ROBUST_TICKETS_NATIVE");
        var built = string.IsNullOrEmpty(given) ? Path.Combine(Golden.RepositoryRoot, "native", "build") : given;
        if (Directory.Exists(built))
            built = Path.Combine(built, name);
        var folder = Directory.CreateDirectory(Path.Combine(_root, "bin")).FullName;
        var cmake = Path.Combine(folder, "cmake");
        File.WriteAllText(cmake, $"#!/bin/sh\n[ \"$1\" != --build ] || cp '{built}' \"$2/{name}\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(cmake, (UnixFileMode)0b111_101_101);
        yield return ("PATH", folder + ":" + Environment.GetEnvironmentVariable("PATH"));
    }

    /// <summary>Names of the files in a package.</summary>
    public IReadOnlyList<string> Entries(string id, string extension)
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}{extension}"));
        return [.. archive.Entries.Select(entry => entry.FullName)];
    }

    /// <summary>The manifest of a package.</summary>
    public string Nuspec(string id)
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Feed, $"{id}.{Version}.nupkg"));
        using var reader = new StreamReader(archive.GetEntry(id + ".nuspec")!.Open());
        return reader.ReadToEnd();
    }

    internal string Dotnet(string folder, IReadOnlyList<string> arguments, params (string, string)[] variables)
    {
        var result = Start(DotnetHost, folder, arguments, variables);
        if (result.Code != 0)
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)}:\n{result.Out}{result.Error}");
        return result.Out + result.Error;
    }

    internal ProcessResult Start(
        string program,
        string folder,
        IReadOnlyList<string> arguments,
        params (string, string)[] variables
    ) =>
        ProcessResult.Of(
            program,
            folder,
            arguments,
            [
                ("NUGET_PACKAGES", Path.Combine(_root, "nuget")),
                ("XDG_CACHE_HOME", Path.Combine(_root, "cache")),
                ("DOTNET_CLI_HOME", Path.Combine(_root, "home")),
                ("DOTNET_ROOT", Path.GetDirectoryName(DotnetHost)!),
                .. variables,
            ]
        );

    private static string DotnetHost { get; } =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
}

/// <summary>A user's program.</summary>
public sealed record UserProgram(PackageFeed Feed, string Name, string Folder)
{
    public string Output => Path.Combine(Folder, "out");

    /// <summary>Builds it and gives what the build said.</summary>
    public string Build(params (string, string)[] variables) =>
        Feed.Dotnet(Folder, ["build", "-v", "q", "-o", Output, "-p:UseSharedCompilation=false"], variables);

    /// <summary>Runs it and gives what it printed.</summary>
    public string Run(params string[] arguments) =>
        Feed.Dotnet(Folder, [Path.Combine(Output, Name + ".dll"), .. arguments]);
}

/// <summary>The installed .NET tool.</summary>
public sealed record InstalledTool(PackageFeed Feed, string Folder)
{
    public ProcessResult Run(IReadOnlyList<string> arguments, params (string, string)[] variables) =>
        Feed.Start(Path.Combine(Folder, "robust-tickets"), Folder, arguments, variables);
}
